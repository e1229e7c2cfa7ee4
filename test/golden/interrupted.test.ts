import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
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
    const words = (action: string): readonly string[] => [
      action,
      '--no-encryption',
      '--volsize=1',
      `--current-time=${timeOfSet(1)}`,
      `${dir}/src`,
      `file://${dir}/remote`,
    ];

    test('is not resumed with another source, or from another host', async () => {
      makeInterruptedSource(`${dir}/src`);
      expect((await duplicity(...words('backup'))).status).toBe(3);
      const made = succeeded(await duplicity(...words('backup'), '--allow-source-mismatch'));
      expect(made.stdout).toContain('Restart is impossible...starting backup from beginning.\n');
      expect(readdirSync(`${dir}/remote`).every((name) => name.includes('20231115'))).toBe(true);
      succeeded(await duplicity('restore', `file://${dir}/remote`, `${dir}/back`));
      expect(restored(`${dir}/back`)).toEqual(restorable(expectedListing('R', 0)));
    });

    test.each(['backup', 'full', 'incremental'])('is finished by %s', async (action) => {
      makeInterruptedSource(`${dir}/src`);
      const part = `${dir}/archive/name/duplicity-full.20231114T221320Z.manifest.part`;
      const [, , ...records] = readFileSync(part, 'latin1').split('\n');
      writeFileSync(part, [`Hostname ${hostname()}`, `Localdir ${dir}/src`, ...records].join('\n'), 'latin1');
      const made = succeeded(await duplicity(...words(action)));
      expect(made.stdout).toContain('Last full backup left a partial set, restarting.\n');
      expect(made.stdout).toMatch(/^Restarting after volume \d+, file .+, block 0$/m);
      expect(readdirSync(`${dir}/remote`).every((name) => name.includes('20231114'))).toBe(true);
      succeeded(await duplicity('restore', `file://${dir}/remote`, `${dir}/back`));
      expect(restored(`${dir}/back`)).toEqual(restorable(expectedListing('R', 0)));
    });
  });
});
