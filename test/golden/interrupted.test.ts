import { cpSync, existsSync, readdirSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import { expectedListing } from '../support/listing.ts';
import { parseStatus } from '../support/outputs.ts';
import { golden } from '../support/paths.ts';
import { succeeded, type RunResult } from '../support/processes.ts';
import { restorable, restored } from '../support/restored.ts';
import { runDuplicity } from '../support/run.ts';
import { tempDir } from '../support/temp.ts';
import { asctime, timeOfSet } from '../support/times.ts';
import { requireTool } from '../support/tools.ts';
import { makeInterruptedSource } from '../support/trees.ts';

// A full backup by the reference, killed in its third volume.
describe('an interrupted backup', () => {
  let dir = '';

  beforeEach(() => {
    dir = tempDir();
    cpSync(golden('interrupted/remote'), `${dir}/remote`, { recursive: true });
    cpSync(golden('interrupted/archive'), `${dir}/archive/name`, { recursive: true });
  });

  const duplicity = (...args: string[]): Promise<RunResult> =>
    runDuplicity(['--archive-dir', `${dir}/archive`, '--name', 'name', ...args], { home: dir });

  test('is shown by the status as the set it was to be', async () => {
    const { stdout } = succeeded(await duplicity('collection-status', `file://${dir}/remote`));
    expect(parseStatus(stdout)).toEqual([{ type: 'Full', time: asctime(timeOfSet(0)), volumes: 3 }]);
  });

  test('is shown as an incomplete set where the archive dir is lost', async () => {
    const { stdout } = succeeded(await duplicity('collection-status', `file://${dir}/remote`, '--name', 'lost'));
    expect(parseStatus(stdout)).toEqual([]);
    expect(stdout).toContain('Also found 0 backup sets not part of any chain,\nand 1 incomplete backup set.\n');
  });

  test.each(['name', 'lost'])('is not restored as a finished one, with the archive dir "%s"', async (name) => {
    const run = await duplicity('restore', `file://${dir}/remote`, `${dir}/back`, '--name', name);
    expect(run.status).toBe(30);
    expect(run.stderr).toContain('No backup chains found');
    expect(existsSync(`${dir}/back`)).toBe(false);
  });

  describe.runIf(requireTool('python3'))('followed by a whole one', () => {
    test.each(['backup', 'full'])('is given up: %s starts over', async (action) => {
      makeInterruptedSource(`${dir}/src`);
      const words = [action, '--no-encryption', '--current-time', String(timeOfSet(1))];
      const made = succeeded(await duplicity(...words, `${dir}/src`, `file://${dir}/remote`));
      expect(made.stdout).toContain('Last full backup left a partial set, restarting.\n');
      expect(readdirSync(`${dir}/remote`).toSorted()).toEqual([
        'duplicity-full-signatures.20231115T221320Z.sigtar.gz',
        'duplicity-full.20231115T221320Z.manifest',
        'duplicity-full.20231115T221320Z.vol1.difftar.gz',
      ]);
      succeeded(await duplicity('restore', `file://${dir}/remote`, `${dir}/back`));
      expect(restored(`${dir}/back`)).toEqual(restorable(expectedListing('R', 0)));
    });
  });
});
