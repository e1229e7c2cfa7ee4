import { readFileSync, rmSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { isLong, some } from '../support/forms.ts';
import { gnupgHome } from '../support/gnupg.ts';
import { expectedListing, type Listed, listing } from '../support/listing.ts';
import { parseStatus } from '../support/outputs.ts';
import { essence, gpgEnv, other, perform, PROGRAMS, type Mode, type Program } from '../support/programs.ts';
import type { RunResult } from '../support/processes.ts';
import { tempDir } from '../support/temp.ts';
import { timeOfSet } from '../support/times.ts';
import { requireReference, requireRoot, requireTool } from '../support/tools.ts';
import { addBorders, BETWEEN, makeTree } from '../support/trees.ts';

interface Chain {
  readonly name: string;
  /** Of the full backup; with `inTurn` the other one writes the next set. */
  readonly first: Program;
  readonly inTurn: boolean;
  /** Who reads; a program's own chains are its own tests' concern. */
  readonly readers: readonly Program[];
  /** `own`: each program has its own; `lost`: its own, and empty before every set; `shared`: both have one. */
  readonly archiveDir: 'own' | 'lost' | 'shared';
}

const ALL_CHAINS: readonly Chain[] = [
  ...PROGRAMS.map(
    (first) => ({ name: `by ${first}`, first, inTurn: false, readers: [other(first)], archiveDir: 'own' }) as const,
  ),
  { name: 'in turn, with a lost archive dir', first: 'ours', inTurn: true, readers: PROGRAMS, archiveDir: 'lost' },
  {
    name: 'in turn, with one archive dir',
    first: 'the reference',
    inTurn: true,
    readers: PROGRAMS,
    archiveDir: 'shared',
  },
];

const STEPS = [0, 1, 2, 3] as const;
const LAST = 3;
/** The reference takes most of the time: `CHAINS=all` reads every set of every chain back. */
const READ = isLong ? STEPS : ([1, LAST] as const);
/** Twenty times what it takes. */
const SLOW_MACHINE_MS = 300_000;

/**
 * Chains of a full backup and three increments of a golden tree, by both programs; each set read by the other one. All sets
 * have several volumes. Of the encodings that differ little each has some of the chains, and with `CHAINS=all` every one.
 */
export function testChains(mode: Mode, tree: 'L' | 'M' | 'O' | 'S', kind: 'each alone' | 'in turn' | 'all'): void {
  const CHAINS = some(ALL_CHAINS, ({ inTurn }) => kind === 'all' || inTurn === (kind === 'in turn'));
  const canRun =
    requireReference() && requireTool('python3') && requireRoot() && (!mode.isEncrypted || requireTool('gpg'));

  describe.runIf(canRun).each([mode])('$name', () => {
    let dir = '';
    let env: Record<string, string> = {};
    const made = new Map<string, RunResult[]>();
    const states: Listed[][] = [];

    beforeAll(async () => {
      dir = tempDir();
      if (mode.isEncrypted) env = gpgEnv(gnupgHome());
      for (const step of STEPS) {
        makeTree(tree, `${dir}/src`, step);
        states.push([...expectedListing(tree, step), ...addBorders(`${dir}/src`, step)]);
        for (const chain of CHAINS) {
          const words = [step === 0 ? 'full' : 'incremental', '--current-time', String(timeOfSet(step))];
          const writer = chain.inTurn && step % 2 === 1 ? other(chain.first) : chain.first;
          const home = `${dir}/${chain.archiveDir === 'shared' ? 'both' : writer} of ${chain.name}`;
          if (chain.archiveDir === 'lost') rmSync(`${home}/.cache`, { recursive: true, force: true });
          const places = [`${dir}/src`, remoteOf(chain)];
          const result = await perform(writer, [...words, '--volsize', '1', ...mode.writing, ...places], {
            home,
            cwd: dir,
            env,
          });
          made.set(chain.name, [...(made.get(chain.name) ?? []), result]);
        }
      }
    }, SLOW_MACHINE_MS);

    const remoteOf = (chain: Chain): string => `file://${dir}/remote ${chain.name}`;
    const read = (reader: Program, words: readonly string[], status = 0): Promise<RunResult> =>
      perform(reader, [...words, ...mode.reading], { home: `${dir}/reader ${reader}`, cwd: dir, env }, status);

    describe.each(CHAINS)('$name', (chain) => {
      const readings = chain.readers.flatMap((reader) => READ.map((step) => ({ reader, step })));

      test.each(readings)('set $step is what it was, restored by $reader', async ({ reader, step }) => {
        const target = `${dir}/${chain.name} ${step} ${reader}`;
        const time = ['--time', String(timeOfSet(step))];
        await read(reader, ['restore', ...time, remoteOf(chain), target]);
        expect(listing(target)).toEqual(states[step]);
        if (step !== LAST) return;
        await read(reader, ['restore', '--file-to-restore', BETWEEN, remoteOf(chain), `${target} part`]);
        expect(readFileSync(`${target} part`, 'utf8')).toBe('between');
        const verify = await read(reader, ['verify', '--compare-data', remoteOf(chain), target]);
        expect(verify.stdout).toContain(' 0 differences found.\n');
      });

      test('both see the same sets and files', async () => {
        const status = ['collection-status', remoteOf(chain)];
        expect(essence(await read('ours', status))).toBe(essence(await read('the reference', status)));
        for (const step of READ) {
          const list = ['list-current-files', '--time', String(timeOfSet(step)), remoteOf(chain)];
          expect(essence(await read('ours', list))).toBe(essence(await read('the reference', list)));
        }
      });
    });

    test('a set holds the same changes whoever wrote it and the one before', () => {
      const [first, ...others] = CHAINS.map(({ name }) => (made.get(name) ?? []).map((run) => countsOf(run)));
      expect(first?.map((counts) => counts.length)).toEqual(STEPS.map(() => 9));
      for (const counts of others) expect(counts).toEqual(first);
    });

    test.runIf(CHAINS.some(({ inTurn }) => !inTurn))(
      'both find the same differences between the last set and the source as it is now',
      async () => {
        // A change within one second and one before 1970 are the only ones that the odd trees hold and no backup notices.
        const differences = tree === 'S' ? 0 : 2;
        const status = differences === 0 ? 0 : 1;
        // Of files from before 1970 this program also finds that the archive has another time for them.
        const early = /^Difference found: .*\btime\/(?:neg|minus1|minushalf)\b.*\n/gm;
        const others = (text: string): string => text.replace(early, '').replace(/, \d+ differences found/, '');
        for (const chain of CHAINS.filter(({ inTurn }) => !inTurn)) {
          const verify = ['verify', '--compare-data', remoteOf(chain), `${dir}/src`];
          const [ours, theirs] = [await read('ours', verify, status), await read('the reference', verify, status)];
          expect(others(essence(ours))).toBe(others(essence(theirs)));
          expect(theirs.stdout).toContain(` ${differences} differences found.\n`);
          expect(ours.stdout.match(early) ?? []).toHaveLength(tree === 'S' ? 0 : 3);
        }
      },
    );

    test('every set has several volumes, however written', async () => {
      for (const chain of CHAINS) {
        const { stdout } = await read('ours', ['collection-status', remoteOf(chain)]);
        expect(parseStatus(stdout).map(({ volumes }) => volumes > 1)).toEqual(STEPS.map(() => true));
      }
    });

    test.runIf(CHAINS.some(({ archiveDir }) => archiveDir === 'shared'))(
      'what one left in the archive dir is good for the other',
      () => {
        const runs = made.get('in turn, with one archive dir') ?? [];
        expect(runs).toHaveLength(STEPS.length);
        for (const { stdout } of runs) expect(stdout).toContain('metadata are synchronized, no sync needed.\n');
      },
    );

    test.runIf(CHAINS.some(({ archiveDir }) => archiveDir === 'lost'))('a lost archive dir is filled again', () => {
      const runs = made.get('in turn, with a lost archive dir') ?? [];
      expect(runs).toHaveLength(STEPS.length);
      for (const { stdout } of runs.slice(1))
        expect(stdout).toContain('Synchronizing remote metadata to local cache...\n');
    });
  });
}

/** The statistics of a backup up to DeltaEntries; sizes of deltas may differ. */
function countsOf({ stdout }: RunResult): string[] {
  return stdout.match(/^(?:Source|New|Deleted|Changed|DeltaEntries)\w* \d+/gm) ?? [];
}
