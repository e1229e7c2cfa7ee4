import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { gnupgHome } from '../support/gnupg.ts';
import { searchPath, testHome } from '../support/home.ts';
import { gpgEnv, MODES, perform, type Mode } from '../support/programs.ts';
import { noise, put, scene } from '../support/scene.ts';
import { timeOfSet } from '../support/times.ts';
import { requireTool } from '../support/tools.ts';

/** Processes of gpg that each run may start. The source makes one volume per set. */
const GPG_PROCESSES = {
  symmetric: {
    full: 0,
    'no-op': 0,
    incremental: 0,
    'collection-status': 0,
    'list-current-files': 0,
    'list, archive dir lost': 0,
    restore: 0,
    verify: 0,
  },
  // For the recipients, and for the session key of each set that is read.
  publicKey: {
    full: 1,
    'no-op': 2,
    incremental: 2,
    'collection-status': 0,
    'list-current-files': 0,
    'list, archive dir lost': 3,
    restore: 3,
    verify: 3,
  },
} as const;

type Action = keyof (typeof GPG_PROCESSES)['symmetric'];

describe.runIf(requireTool('gpg')).each(['symmetric', 'publicKey'] as const)('mode %s', (name) => {
  const mode: Mode = MODES[name];
  const found: Partial<Record<Action, number>> = {};

  beforeAll(async () => {
    const { dir, source, url } = scene();
    const gnupg = gnupgHome();
    const count = async (action: Action, words: readonly string[]): Promise<void> => {
      found[action] = await gpgProcesses(words, gnupg);
    };
    const at = (k: number): readonly string[] => ['--current-time', String(timeOfSet(k)), ...mode.writing];
    put(source, { large: noise(100_000), small: 'text' });
    await count('full', ['full', ...at(0), source, url]);
    await count('no-op', ['incremental', ...at(1), source, url]);
    put(source, { small: 'changed' }, timeOfSet(1));
    await count('incremental', ['incremental', ...at(2), source, url]);
    await count('collection-status', ['collection-status', ...mode.reading, url]);
    await count('list-current-files', ['list-current-files', ...mode.reading, url]);
    await count('restore', ['restore', ...mode.reading, url, `${dir}/out`]);
    await count('verify', ['verify', '--compare-data', ...mode.reading, url, source]);
    rmSync(`${testHome()}/.cache/duplicity`, { recursive: true });
    await count('list, archive dir lost', ['list-current-files', ...mode.reading, url]);
  });

  test.each(Object.entries(GPG_PROCESSES[name]))('%s starts gpg %i times', (action, wanted) => {
    expect(found[action as Action]).toBe(wanted);
  });
});

/** Runs the program with a `gpg` in front of the real one that notes its starts. */
async function gpgProcesses(words: readonly string[], gnupg: string): Promise<number> {
  const bin = `${testHome()}/bin`;
  const log = `${bin}/calls`;
  mkdirSync(bin, { recursive: true });
  writeFileSync(`${bin}/gpg`, `#!/bin/sh\necho "$*" >> '${log}'\nPATH='${searchPath()}' exec gpg "$@"\n`);
  chmodSync(`${bin}/gpg`, 0o755);
  rmSync(log, { force: true });
  await perform('ours', words, { env: { ...gpgEnv(gnupg), PATH: `${bin}:${searchPath()}` } });
  return existsSync(log) ? readFileSync(log, 'utf8').trimEnd().split('\n').length : 0;
}
