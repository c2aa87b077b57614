export { profilingSettings } from './settings.ts';
