export { coreDumpSettings } from './settings.ts';
