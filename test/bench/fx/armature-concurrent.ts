import { passAtOnce } from './armature.ts';
import type { Pass } from './part.ts';

export const pass: Pass = (graph, ledger) => passAtOnce(graph, ledger, 8);
