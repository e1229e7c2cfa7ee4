import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { editTree } from '../support/edits.ts';
import { listing, type Listed } from '../support/listing.ts';
import { isLong, some } from '../support/forms.ts';
import { other, perform, PROGRAMS, type Program } from '../support/programs.ts';
import { run, succeeded } from '../support/processes.ts';
import { treeOf } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { timeOfSet } from '../support/times.ts';
import { requireReference, requireRoot, requireTool } from '../support/tools.ts';

/** More would take minutes, and takes one with `CHAINS=all`. */
const MAX_BYTES = isLong ? 150_000_000 : 30_000_000;

/** Twenty times what it takes. */
const SLOW_MACHINE_MS = 300_000;

interface Input {
  readonly name: string;
  /** In the order in which they are taken, each if it still fits. */
  readonly directories: readonly string[];
  readonly writer: Program;
}

const inputs: readonly Input[] = [
  { name: '/etc', directories: ['/etc'], writer: 'ours' },
  { name: '/etc', directories: ['/etc'], writer: 'the reference' },
  {
    name: '/usr/share',
    directories: ['', '/perl', '/doc', '/mime', '/fonts', '/icons', '/man'].map((sub) => `/usr/share${sub}`),
    writer: 'ours',
  },
];

const canRun = requireReference() && requireRoot() && requireTool('cp') && requireTool('du');

describe.runIf(canRun).each(inputs)('$name, written by $writer', ({ directories, writer }) => {
  let dir = '';
  const states: Listed[][] = [];

  beforeAll(async () => {
    dir = tempDir();
    await copyWhatFits(directories, `${dir}/src`);
    for (const step of [0, 1]) {
      const before = states.at(-1);
      if (before !== undefined) editTree(`${dir}/src`, before, { oneIn: 8, seed: 7, time: 1_690_000_000 });
      states.push(treeOf(`${dir}/src`));
      const words = [step === 0 ? 'full' : 'incremental', '--current-time', String(timeOfSet(step)), '--no-encryption'];
      await perform(writer, [...words, '--volsize', '10', `${dir}/src`, `file://${dir}/remote`], {
        home: `${dir}/w`,
        timeoutMs: SLOW_MACHINE_MS,
      });
    }
  }, SLOW_MACHINE_MS);

  const readings = PROGRAMS.flatMap((reader) => [0, 1].map((step) => ({ reader, step })));

  test.each(some(readings, ({ reader, step }) => step === 1 || reader === other(writer)))(
    'set $step comes back through $reader',
    { timeout: SLOW_MACHINE_MS },
    async ({ reader, step }) => {
      const words = ['restore', '--time', String(timeOfSet(step)), '--no-encryption'];
      const options = { home: `${dir}/${reader}`, timeoutMs: SLOW_MACHINE_MS };
      await perform(reader, [...words, `file://${dir}/remote`, `${dir}/back`], options);
      try {
        expect(listing(`${dir}/back`)).toEqual(states[step]);
      } finally {
        rmSync(`${dir}/back`, { recursive: true });
      }
    },
  );

  test('the edits did something', () => {
    const [before = [], after = []] = states;
    const sums = new Set(before.map((entry) => `${entry.path} ${entry.sha256}`));
    const changed = after.filter((entry) => entry.type === 'file' && !sums.has(`${entry.path} ${entry.sha256}`));
    expect(changed.length).toBeGreaterThan(20);
  });
});

async function copyWhatFits(directories: readonly string[], target: string): Promise<void> {
  mkdirSync(target);
  let room = MAX_BYTES;
  for (const directory of directories) {
    if (!existsSync(directory)) continue;
    const size = Number.parseInt(succeeded(await run('du', ['-sb', directory])).stdout, 10);
    if (size > room) continue;
    room -= size;
    succeeded(await run('cp', ['-a', directory, target]));
    // All of it, and nothing twice.
    if (directories[0] === directory) return;
  }
}
