import { cpSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { testHome } from '../support/home.ts';
import type { Listed } from '../support/listing.ts';
import {
  backUp,
  duplicity,
  faults,
  good,
  names,
  noise,
  PLAIN,
  put,
  type Scene,
  scene,
  treeOf,
} from '../support/scene.ts';
import { timeOfSet } from '../support/times.ts';

/** Options of every run: the archive dir has a name, so that it can be looked at. */
const NAMED = ['--name', 'test'];

/** A scene in need of everything an action may do, and the archive dir that goes with it. */
let untidy: { readonly s: Scene; readonly archive: string };

beforeAll(async () => {
  const s = scene();
  const archive = `${testHome()}/.cache/duplicity/test`;
  put(s.source, { a: noise(1_500_000), b: 'two' });
  await backUp(s, 0, NAMED);
  await backUp(s, 1, NAMED);
  await backUp(s, 2, ['full', ...NAMED]);
  put(s.source, { a: noise(3_000_000, 5) }, timeOfSet(2));
  // An increment that dies in the upload of its second volume.
  const words = ['--current-time', String(timeOfSet(3)), '--volsize', '1', '--no-compression', ...NAMED];
  const killed = await duplicity(
    [...PLAIN, '--concurrency', '0', ...words, s.source, s.url],
    faults({ op: 'put', match: 'vol2.', do: 'kill' }),
  );
  if (killed.signal !== 'SIGKILL' || !names(archive).some((name) => name.endsWith('.part'))) {
    throw new Error(`the backup was not interrupted: ${killed.stderr}${killed.stdout}`);
  }
  // Every run takes and leaves the lock.
  rmSync(`${archive}/lockfile`);
  // A volume and signatures that belong to nothing, a copy that is missing, one of nothing, and what a killed run leaves.
  writeFileSync(`${s.remote}/duplicity-inc.20200101T000000Z.to.20200102T000000Z.vol1.difftar.gz`, 'x');
  writeFileSync(`${s.remote}/duplicity-new-signatures.20200101T000000Z.to.20200102T000000Z.sigtar.gz`, 'x');
  const missing = names(archive).find((name) => name.endsWith('.manifest')) ?? '';
  renameSync(`${archive}/${missing}`, `${archive}/duplicity-full.20200101T000000Z.manifest`);
  mkdirSync(`${archive}/duplicity-T0123456-tempdir`, { recursive: true });
  writeFileSync(`${archive}/duplicity-T0123456-tempdir/sigtar`, 'x');
  untidy = { s, archive };
});

/** What an interrupted backup was made with, and has to go on with. */
const SAME = ['--no-compression'];
const now = ['--current-time', String(timeOfSet(4))];

const ACTIONS: Readonly<Record<string, (s: Scene) => readonly string[]>> = {
  full: ({ source, url }) => ['full', ...SAME, ...now, '--jsonstat', '--progress', source, url],
  incremental: ({ source, url }) => ['incremental', ...SAME, ...now, '--jsonstat', source, url],
  backup: ({ source, url }) => ['backup', ...SAME, ...now, '--skip-if-no-change', source, url],
  replicate: ({ dir, url }) => ['replicate', url, `file://${dir}`],
  mirror: ({ dir, url }) => ['mirror', '--delete', url, `file://${dir}`],
  restore: ({ dir, url }) => ['restore', url, `${dir}/out`],
  verify: ({ source, url }) => ['verify', '--compare-data', url, source],
  'list-current-files': ({ url }) => ['list-current-files', url],
  'collection-status': ({ url }) => ['collection-status', url],
  'collection-status --show-changes-in-set': ({ url }) => ['collection-status', '--show-changes-in-set', '0', url],
  check: ({ url }) => ['check', url],
  drill: ({ url }) => ['drill', url],
  doctor: ({ url }) => ['doctor', url],
  rekey: ({ url }) => ['rekey', '--drop', '0123456789ABCDEF', url],
  'recovery-kit': ({ dir, url }) => ['recovery-kit', '--output', `${dir}/kit`, url],
  cleanup: ({ url }) => ['cleanup', '--force', url],
  'remove-older-than': ({ url }) => ['remove-older-than', String(timeOfSet(9)), '--force', url],
  'remove-all-but-n-full': ({ url }) => ['remove-all-but-n-full', '1', '--force', url],
  'remove-all-inc-of-but-n-full': ({ url }) => ['remove-all-inc-of-but-n-full', '1', '--force', url],
  prune: ({ url }) => ['prune', '--keep-last', '1', '--force', url],
};

describe('--dry-run', () => {
  test.each(Object.entries(ACTIONS))('%s changes nothing', async (name, words) => {
    const { s, archive } = here();
    const before = snapshot(s, archive);
    const { status } = await duplicity([...PLAIN, ...NAMED, '--dry-run', ...words(s)]);
    // A verification finds the file that has changed.
    expect(status).toBe(name === 'verify' ? 1 : 0);
    expect(snapshot(s, archive)).toEqual(before);
  });

  // Without it the same actions do have something to do.
  test.each(['full', 'restore', 'cleanup', 'remove-all-but-n-full', 'prune', 'list-current-files'])(
    'is what keeps %s from changing anything',
    async (name) => {
      const { s, archive } = here();
      const before = snapshot(s, archive);
      await good([...NAMED, ...(ACTIONS[name]?.(s) ?? [])]);
      expect(snapshot(s, archive)).not.toEqual(before);
    },
  );
});

/** A copy of the untidy scene for one test, whose URL does not matter. */
function here(): { readonly s: Scene; readonly archive: string } {
  const s = scene();
  const archive = `${testHome()}/.cache/duplicity/test`;
  const copy = (from: string, to: string): void => cpSync(from, to, { recursive: true, preserveTimestamps: true });
  copy(untidy.s.source, s.source);
  copy(untidy.s.remote, s.remote);
  copy(untidy.archive, archive);
  // The manifests name their source.
  return { s: { ...s, source: untidy.s.source }, archive };
}

/** Everything but the times of directories, which the lock file changes. */
function snapshot({ dir, source }: Scene, archive: string): readonly (readonly Listed[])[] {
  const still = (entry: Listed): Listed => (entry.type === 'dir' ? { ...entry, mtime: 0 } : entry);
  mkdirSync(`${testHome()}/tmp`, { recursive: true });
  return [dir, source, archive, `${testHome()}/tmp`].map((top) => treeOf(top).map(still));
}
