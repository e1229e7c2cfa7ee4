import { type FileChange } from '../../src/archive/manifest/manifest.ts';
import { ManifestParser } from '../../src/archive/manifest/manifest-reader.ts';
import {
  formatFilelistLine,
  formatManifestHead,
  formatVolumeRecord,
} from '../../src/archive/manifest/manifest-writer.ts';
import { NO_PREFIXES, parseName } from '../../src/archive/names/names.ts';
import { bytesBySet } from '../../src/collections/set-bytes.ts';
import { allSets, buildCollection, type Collection } from '../../src/collections/collection.ts';
import { planCleanup, planRemoveAllButNFull, planRemoveOlderThan } from '../../src/collections/deletion.ts';
import { setsFor, signaturesFor } from '../../src/collections/lookup.ts';
import { planPrune } from '../../src/collections/prune/plan.ts';
import { collectionWarnings } from '../../src/collections/warnings.ts';
import { planSync } from '../../src/cache/sync-plan.ts';
import { lackingFiles } from '../../src/actions/check/find/names.ts';
import { golden, goldenFiles } from '../golden.ts';
import { readBothWays } from '../pieces.ts';
import type { Target } from '../target.ts';

const NAME_WORDS = [
  'duplicity-full.', 'duplicity-inc.', 'duplicity-full-signatures.', 'duplicity-new-signatures.', '.to.', '.vol1', '.difftar',
  '.manifest', '.sigtar', '.part', '.gpg', '.gz', '.z', '.g', 'df.', 'di.', 'dfs.', 'dns.', '.dt', '.m', '.st', '.jsonstat',
  '20231114T221320Z', '20231115T221320Z', '2002-08-17T16:17:01-07:00', 's44we8', 's46r28', '\n', 'prefix-',
]; // prettier-ignore

const names = (folder: string): string =>
  goldenFiles(folder, /^[^/]+$/)
    .map((path) => path.slice(path.lastIndexOf('/') + 1))
    .join('\n');

function everyPlan(collection: Collection): void {
  const now = 1_700_100_000;
  collectionWarnings(collection);
  planCleanup(collection);
  planRemoveOlderThan(collection, now);
  planRemoveAllButNFull(collection, 1);
  planPrune(collection, { last: 1, daily: 3 });
  planSync(collection, { mode: 'full', needed: [] });
  bytesBySet(collection, () => undefined);
  const naming = { manifest: undefined, prefixes: NO_PREFIXES, sizeOf: () => 1 };
  for (const set of allSets(collection)) lackingFiles(set, naming);
  for (const { end } of allSets(collection).slice(0, 5)) {
    for (const find of [setsFor, signaturesFor]) {
      try {
        find(collection, end);
      } catch (error) {
        if (!(error instanceof Error) || error.name !== 'ChainError') throw error;
      }
    }
  }
}

export const METADATA: readonly Target[] = [
  {
    name: 'manifest',
    words: [
      'Hostname ',
      'Localdir ',
      'Volume ',
      'StartingPath ',
      'EndingPath ',
      'Hash SHA1 ',
      'Filelist ',
      '    new  ',
      'changed ',
      'deleted ',
      '"\\x20"',
      ':\n',
      "'",
      '   ',
    ],
    seeds: () => [
      ...golden('plain', /manifest/, 3),
      ...golden('v3-gz', /manifest/, 3),
      ...golden('restarted', /manifest/, 1),
      `Volume 1:\n    Hash SHA1 a${' '.repeat(60_000)}b\n`,
      'Hostname h\nLocaldir "/a\\x20b"\nVolume 1:\n    StartingPath   .  \n    EndingPath     "x\\x0a" 3\n    Hash SHA1 00\nFilelist 1\n    new      a\n',
    ],
    async read(input) {
      for (const partial of [false, true]) {
        await readBothWays(input, async (parts) => {
          const files: unknown[] = [];
          const parser = new ManifestParser({
            partial,
            onFile: (change: FileChange, path) => files.push([change, path]),
          });
          for (const part of parts) parser.push(part);
          const manifest = parser.end();
          expectSame(manifest.volumes, files as [FileChange, never][], manifest);
          return [manifest, files];
        });
      }
    },
  },
  {
    name: 'names',
    words: NAME_WORDS,
    seeds: () => [
      ...['gz', 'short', 'oldnames', 'v3-sym', 'prefixed'].map(names),
      `duplicity-inc${'.to.'.repeat(15_000)}`,
      `duplicity-inc.20231114T221320Z.to.${'.vol1'.repeat(12_000)}`,
    ],
    read(input) {
      for (const name of input.toString('latin1').split('\n')) {
        parseName(name);
        parseName(name, { timeSeparator: '_' });
      }
    },
  },
  {
    name: 'collection',
    words: NAME_WORDS,
    seeds: () => [
      ...['gz', 'short', 'mixed', 'signed', 'restarted'].map(names),
      'duplicity-full.20231114T221320Z.vol4000000000.difftar\n',
    ],
    most: 16 * 1024,
    read(input) {
      const all = input.toString('latin1').split('\n');
      const local = all.filter((_, k) => k % 3 !== 0);
      everyPlan(buildCollection({ remote: all, local: [] }));
      everyPlan(buildCollection({ remote: all.filter((_, k) => k % 2 === 0), local, now: 1_700_100_000 }));
    },
  },
];

type Manifest = ReturnType<ManifestParser['end']>;

/** What was read and is written again reads the same. */
function expectSame(volumes: Manifest['volumes'], files: readonly [FileChange, never][], manifest: Manifest): void {
  const { hostname, localDir } = manifest;
  const text =
    formatManifestHead(hostname?.replaceAll(/["'\\]/g, ''), localDir) +
    volumes.map(formatVolumeRecord).join('') +
    `Filelist ${files.length}\n` +
    files.map(([change, path]) => formatFilelistLine(change, path)).join('');
  const again: unknown[] = [];
  const parser = new ManifestParser({ onFile: (change, path) => again.push([change, path]) });
  parser.push(Buffer.from(text, 'latin1'));
  const read = parser.end();
  const plain = (of: Manifest['volumes']): string =>
    JSON.stringify(of.map((one) => ({ ...one, hashes: [...one.hashes] })));
  if (plain(read.volumes) !== plain(volumes)) throw new Error('written again its volumes read otherwise');
  if (JSON.stringify(again) !== JSON.stringify(files)) throw new Error('written again its files read otherwise');
}
