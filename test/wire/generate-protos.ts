/** Writes `components/<name>/generated` from `components/<name>/proto`, for each component that has protos: `npm run protos`. */
import { execFile } from 'node:child_process';
import { glob, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../..', import.meta.url));
const bin = (name: string): string => join(root, 'node_modules/.bin', name);

const options = [
  'outputServices=nice-grpc',
  'outputServices=generic-definitions',
  'useExactTypes=false',
  'esModuleInterop=true',
  'env=node',
  'forceLong=bigint',
  'importSuffix=.ts',
  // Node strips types but compiles nothing, and an enum would have to be compiled.
  'enumsAsLiterals=true',
  'outputJsonMethods=false',
];

/** @param outputOf where the code of a component goes */
export async function generate(outputOf: (component: string) => string): Promise<void> {
  for await (const protos of glob('components/*/proto', { cwd: root })) {
    const component = dirname(protos);
    const out = outputOf(component);
    await rm(out, { recursive: true, force: true });
    const plugin = { local: bin('protoc-gen-ts_proto'), out, opt: options };
    const template = JSON.stringify({ version: 'v2', plugins: [plugin] });
    await promisify(execFile)(bin('buf'), ['generate', protos, '--template', template], { cwd: root });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await generate((component) => join(root, component, 'generated'));
