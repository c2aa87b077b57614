import type { AgentVersion } from '../components/agent-version/index.ts';

/** Put in by `build.ts`; absent when the sources run as they are. */
declare const ARMATURE_COMMIT: string | undefined;

/** The release of the Go agent whose clients this one serves. A file of its own: `cluster-agent version` loads nothing else. */
export const version: AgentVersion = {
  major: 7,
  minor: 60,
  patch: 0,
  pre: '',
  meta: '',
  commit: typeof ARMATURE_COMMIT === 'string' ? ARMATURE_COMMIT : '00000000',
};
