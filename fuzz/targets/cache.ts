import { ReplicateJournal } from '../../src/actions/replicate/replicate-journal.ts';
import type { ArchiveDir } from '../../src/cache/archive-dir.ts';
import { journalName, readJournal } from '../../src/cache/journal.ts';
import { madeTimes, readLedger } from '../../src/cache/ledger.ts';
import { lifeOf, parseHolder } from '../../src/cache/lock/lock-holder.ts';
import { parseStatistics } from '../../src/repository/metadata/json-statistics.ts';
import { compacted } from '../../src/repository/ledger/compact.ts';
import { NO_PREFIXES } from '../../src/archive/names/names.ts';
import { knownRates, restoreRate } from '../../src/repository/rates.ts';
import { golden } from '../golden.ts';
import { streamed } from '../pieces.ts';
import type { Target } from '../target.ts';

const PARTIAL = 'duplicity-full.20231114T221320Z.manifest.part';

/** An archive dir with one file. */
function holding(name: string, content: Buffer): ArchiveDir {
  const never = (): never => {
    throw new Error('nothing is written');
  };
  return {
    path: '/nowhere',
    list: () => [name],
    pathOf: (file) => `/nowhere/${file}`,
    read: () => content,
    write: never,
    flush: never,
    remove: never,
    makeTempDir: never,
    sweep: never,
  };
}

const WORDS = [
  '"what"',
  '"made"',
  '"copied"',
  '"proven"',
  '"removed"',
  '"at"',
  '"set"',
  '"sha1"',
  'null',
  '[]',
  '{}',
  '__proto__',
  '1e999',
  '\n',
  '"v"',
];

export const CACHE: readonly Target[] = [
  {
    name: 'ledger',
    words: WORDS,
    seeds: () => [
      '{"what":"made","at":1,"set":"full 1 1","volumes":2,"manifest":"00"}\n{"what":"proven","at":2,"sha1":"11"}\n{"what":"removed","at":3,"set":"full 1 1"}\n',
      '{"what":"proven","at":2,"sha1":"11","file":5}\n',
      '{"what":"stored","at":1,"set":"full 1 1","file":"duplicity-full.20231114T221320Z.manifest","size":3,"sha1":"00","place":"p"}\n{"what":"seen","at":1,"set":"full 1 1","files":{"a":1}}\n{"what":"machine","at":1,"id":"00"}\n',
      '{"what":"copied","at":1,"set":"full 1 1","volume":1,"sha1":"00","from":"full 0 0","was":2,"made":0}\n',
    ],
    read(input) {
      const records = readLedger(holding('ledger.jsonl', input));
      compacted(records, { prefixes: NO_PREFIXES });
      const made = madeTimes(records, 'full 1 1', 1);
      if (Number.isNaN(made('00'))) throw new Error('a time is NaN');
    },
  },
  {
    name: 'journal',
    words: ['"program"', '"base"', '"volume"', '"copied"', '"file"', '"path"', ...WORDS],
    seeds: () => [
      '{"program":"4.0.0","base":["a"]}\n{"volume":1,"sha1":"00","size":3,"signatures":5,"entries":"11","file":{"path":"a","how":"diff","inode":1,"size":2,"mtimeMs":3,"ctimeMs":4}}\n{"volume":2,"sha1":"00","size":3,"signatures":5,"entries":"11","copied":{"set":"full 1 1","volume":1,"made":1}}\n',
    ],
    read: (input) => void readJournal(holding(journalName(PARTIAL), input), PARTIAL),
  },
  {
    name: 'jsonstat',
    words: ['"backup_meta"', '"Filename"', '[[', '{"a":', ...WORDS],
    seeds: () => [
      ...golden('v3-gz', /jsonstat/, 1),
      `${'['.repeat(30_000)}${']'.repeat(30_000)}`,
      `${'{"a":'.repeat(12_000)}1${'}'.repeat(12_000)}`,
    ],
    async read(input) {
      // It is printed as it is.
      JSON.stringify(await parseStatistics('a.jsonstat', streamed([input])), undefined, 4);
    },
  },
  {
    name: 'rates',
    words: ['"v"', '"download"', '"read"', '"upload"', ...WORDS],
    seeds: () => ['{"v":1,"download":1000,"read":2000,"upload":3000}\n'],
    read(input) {
      const rate = restoreRate(knownRates({ archiveDir: holding('rates.json', input) }));
      if (rate !== undefined && !(rate > 0)) throw new Error(`a rate is ${rate}`);
    },
  },
  {
    name: 'replicate-journal',
    words: ['"name"', '"size"', '"hash"', ...WORDS],
    seeds: () => ['gz\n{"name":"a","size":1,"hash":"00"}\n\n{"name":"b","size":2,"hash":"11"}\n'],
    read: (input) => void new ReplicateJournal(holding('x', input), { type: 'full', start: 1, end: 1 }, 'gz').files,
  },
  {
    name: 'lock-holder',
    words: ['pid ', ' host ', ' since ', ' boot ', ' space ', ' start ', '\n'],
    seeds: () => ['pid 12 host h since 1700000000 boot a space b start c\n', 'pid 1 host h since 3\n'],
    read(input) {
      const holder = parseHolder(input.toString('utf8'));
      if (holder !== undefined) lifeOf(holder);
    },
  },
];
