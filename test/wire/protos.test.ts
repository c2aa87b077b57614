import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { generate } from './generate-protos.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

it('the generated code is that of the protos', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'protos-'));
  try {
    await generate((component) => join(folder, component, 'generated'));
    const fresh = await readdir(folder, { recursive: true }).then((paths) => paths.filter((path) => path.endsWith('.ts')));
    expect(fresh).toContain('components/agent-secure/generated/datadog/api/v1/api.ts');
    for (const path of fresh) expect(await readFile(join(root, path), 'utf8')).toBe(await readFile(join(folder, path), 'utf8'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 60_000);
