import { readdirSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { endedWith } from '../support/ended.ts';
import { ECC_KEY, gnupgHome, PASSPHRASE, RSA_KEY } from '../support/gnupg.ts';
import { isLong, some } from '../support/forms.ts';
import { expectedListing, type Listed, partOf } from '../support/listing.ts';
import { expectedList, parseList, parseStatus } from '../support/outputs.ts';
import { golden } from '../support/paths.ts';
import { succeeded, type RunResult } from '../support/processes.ts';
import { restorable, restored } from '../support/restored.ts';
import { runDuplicity } from '../support/run.ts';
import { tempDir } from '../support/temp.ts';
import { asctime, timeOfSet } from '../support/times.ts';
import { requireRoot, requireTool } from '../support/tools.ts';

interface Archive {
  readonly name: string;
  readonly tree: 'F' | 'L' | 'M' | 'O' | 'R' | 'S';
  readonly sets: number;
  readonly options?: readonly string[];
}

const prefixes = ['all-', '-manifest man-', '-archive arc-', '-signature sig-'].flatMap((word) =>
  `--file-prefix${word.startsWith('-') ? '' : ' '}${word}`.split(' '),
);

const unencrypted: readonly Archive[] = [
  { name: 'gz', tree: 'L', sets: 5 },
  { name: 'plain', tree: 'O', sets: 5 },
  { name: 'short', tree: 'S', sets: 3 },
  { name: 'oldnames', tree: 'S', sets: 3, options: ['--time-separator=_'] },
  { name: 'prefixed', tree: 'S', sets: 2, options: prefixes },
  { name: 'gnutar', tree: 'O', sets: 3 },
  { name: 'v3-gz', tree: 'S', sets: 5 },
  { name: 'restarted', tree: 'R', sets: 1 },
  { name: 'rootfile', tree: 'F', sets: 2 },
];

const encrypted: readonly Archive[] = [
  { name: 'sym', tree: 'M', sets: 5 },
  { name: 'pub', tree: 'O', sets: 5 },
  { name: 'signed', tree: 'O', sets: 5, options: ['--sign-key', ECC_KEY] },
  { name: 'hidden', tree: 'S', sets: 2 },
  { name: 'symsigned', tree: 'S', sets: 2, options: ['--sign-key', RSA_KEY] },
  { name: 'short-sym', tree: 'S', sets: 2 },
  { name: 'v3-sym', tree: 'O', sets: 3 },
  { name: 'v3-signed', tree: 'S', sets: 2, options: ['--sign-key', ECC_KEY] },
  { name: 'mixed', tree: 'S', sets: 5 },
];

const ARCHIVES = [...unencrypted, ...encrypted];
const isRoot = requireRoot();

/** The last set, which takes all others to read, and one before, another in each archive. */
function timesOf({ name, sets }: Archive): readonly number[] {
  const all = Array.from({ length: sets }, (_, k) => k);
  const other = ARCHIVES.findIndex((archive) => archive.name === name) % Math.max(1, sets - 1);
  return some(all, (k) => k === sets - 1 || k === other);
}

describe.each(unencrypted)('archive $name', (archive) => {
  suite(archive, () => ({}));
});

describe.runIf(requireTool('gpg'))('encrypted', () => {
  let gnupg = '';
  beforeAll(() => {
    gnupg = gnupgHome();
  });
  describe.each(encrypted)('archive $name', (archive) => {
    suite(archive, () => ({ GNUPGHOME: gnupg, PASSPHRASE }));
  });
});

function suite(archive: Archive, env: () => Record<string, string>): void {
  const { name, tree, sets, options = [] } = archive;
  // One archive dir for all points in time: what it holds afterwards is the same in whatever order the tests run.
  let home = '';
  beforeAll(() => {
    home = tempDir();
  });
  const duplicity = (...args: string[]): Promise<RunResult> =>
    runDuplicity([...args, ...options], { home, env: env() });
  const url = `file://${golden(name)}`;

  test.each(timesOf(archive))('comes back as it was at set %i', async (k) => {
    const expected = expectedListing(tree, k);
    const time = String(timeOfSet(k));
    const target = `${home}/${k}`;

    const run = await duplicity('restore', '--time', time, url, target);
    endedWith(isRoot ? 0 : statusWithoutRoot(expected), run);
    expect(restored(target)).toEqual(restorable(expected));

    const list = succeeded(await duplicity('list-current-files', '--time', time, url));
    expect(parseList(list.stdout)).toEqual(expectedList(expected));

    // Another owner would be a difference.
    if (!isRoot || !(isLong || k === sets - 1)) return;
    const verify = succeeded(await duplicity('verify', '--compare-data', '--time', time, url, target));
    const files = expected.length === 1 ? '1 file' : `${expected.length} files`;
    expect(verify.stdout).toContain(`Verify complete: ${files} compared, 0 differences found.\n`);
  });

  // The others have sets of one volume, where nothing is left out.
  test.runIf(['gz', 'plain', 'sym'].includes(name))('gives any part of its last set alone', async () => {
    const expected = expectedListing(tree, sets - 1);
    const named = expected.filter((entry) => entry.path_b64 === undefined && entry.type !== 'socket');
    const directories = named.filter(({ path, type }) => type === 'dir' && /^[^./]+$/.test(path));
    const files = named.filter(({ type, size = 0 }) => type === 'file' && size > 0);
    const parts = some(
      [directories[0], directories.at(-1), files[0], files.at(files.length >> 1)],
      (_, i) => i === 1 || i === 3,
    );
    for (const [i, part] of parts.entries()) {
      const target = `${home}/part ${i}`;
      const { path = '' } = part ?? {};
      succeeded(await duplicity('restore', '--file-to-restore', path, url, target));
      expect([path, restored(target)]).toEqual([path, restorable(partOf(expected, path))]);
    }
  });

  test('has its sets in one chain', async () => {
    const { stdout } = succeeded(await duplicity('collection-status', url));
    expect(stdout).toContain('Found 0 secondary backup chains.\n');
    expect(stdout).toContain('Found primary backup chain with matching signature chain:\n');
    expect(stdout).toContain('No orphaned or incomplete backup sets found.\n');
    const rows = parseStatus(stdout);
    expect(rows.map(({ type, time }) => ({ type, time }))).toEqual(
      Array.from({ length: sets }, (_, k) => ({
        type: k === 0 ? 'Full' : 'Incremental',
        time: asctime(timeOfSet(k)),
      })),
    );
    const volumes = readdirSync(golden(name)).filter((file) => /\.(?:difftar|dt)(?:\.|$)/.test(file));
    expect(rows.reduce((sum, row) => sum + row.volumes, 0)).toBe(volumes.length);
  });
}

/** Device files cannot be made then: a restore that lacks something says so. */
function statusWithoutRoot(expected: readonly Listed[]): number {
  return expected.some((entry) => entry.dev !== undefined) ? 101 : 0;
}
