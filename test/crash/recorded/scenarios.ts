import { mkdirSync, rmSync } from 'node:fs';
import { expect } from 'vitest';
import type { Store } from '../../../src/index.ts';
import { put, treeOf } from '../../support/scene.ts';
import { timeOfSet } from '../../support/times.ts';
import { clear, inStore, LAST, type Place, type Which } from './store.ts';

const MIB = 1024 * 1024;
const NEXT = LAST + 1;

/** Something the program is told to do, and what must be true whenever it dies in it. */
export interface Scenario {
  readonly name: string;
  /** Its command line, without what all have. */
  readonly words: (place: Place) => readonly string[];
  /** Also in the short form. */
  readonly isShort?: true;
  /** It adds something, which is there from the moment when it is said. */
  readonly makes?: true;
  /** The place whose archive dir it works with. */
  readonly which?: Which;
  /** What is done before. Default: nothing. */
  readonly prepare?: (place: Place) => void;
  /** It dies first at the end of the first step of another one on a name like this: what is recorded comes after that. */
  readonly diesFirst?: { readonly in: string; readonly at: RegExp };
  /** The same by the library. */
  readonly again: (store: Store, place: Place) => Promise<unknown>;
  /** The sets that can be restored in any case; the newest of them is the newest of all until it has ended. */
  readonly kept: readonly number[];
  /** The sets that there are when it has ended. */
  readonly ends: readonly number[];
  /** The same of the second place. */
  readonly second?: readonly number[];
  /** What else there is then. */
  readonly made?: (place: Place) => void;
}

const ALL = [0, 1, 2, 3, 4];
const backup =
  (action: string) =>
  ({ source, url }: Place) => [action, '--volsize', '1', '--current-time', `${timeOfSet(NEXT)}`, source, url];
const again =
  (kind: 'full' | 'incremental' | 'auto') =>
  (store: Store, { source }: Place) =>
    store.backup({ source, kind, volumeSize: MIB });

export const SCENARIOS: readonly Scenario[] = [
  {
    name: 'full',
    isShort: true,
    makes: true,
    words: backup('full'),
    again: again('full'),
    kept: ALL,
    ends: [...ALL, NEXT],
  },
  {
    name: 'incremental',
    makes: true,
    words: backup('incremental'),
    again: again('incremental'),
    kept: ALL,
    ends: [...ALL, NEXT],
  },
  {
    name: 'first backup',
    isShort: true,
    makes: true,
    prepare: ({ disk }) => clearAll(disk),
    words: backup('full'),
    again: again('full'),
    kept: [],
    ends: [NEXT],
  },
  {
    name: 'resumed backup',
    isShort: true,
    makes: true,
    diesFirst: { in: 'incremental', at: /vol2/ },
    words: backup('incremental'),
    again: again('incremental'),
    kept: ALL,
    ends: [...ALL, NEXT],
  },
  {
    name: 'synchronising',
    prepare: ({ disk }) => rmSync(`${disk}/archive`, { recursive: true }),
    words: ({ url }) => ['list-current-files', url],
    again: (store) => entriesOf(store),
    kept: ALL,
    ends: ALL,
  },
  {
    name: 'cleanup',
    isShort: true,
    diesFirst: { in: 'full', at: /vol2/ },
    words: ({ url }) => ['cleanup', '--force', url],
    again: (store) => store.cleanup(),
    kept: ALL,
    ends: ALL,
  },
  {
    name: 'remove-older-than',
    words: ({ url, times }) => ['remove-older-than', `${times[3]}`, '--force', url],
    again: (store, { times }) => store.remove({ olderThan: times[3] ?? NaN }),
    kept: [3, 4],
    ends: [3, 4],
  },
  {
    name: 'remove-all-inc-of-but-n-full',
    isShort: true,
    words: ({ url }) => ['remove-all-inc-of-but-n-full', '1', '--force', url],
    again: (store) => store.remove({ keepIncrementsOf: 1 }),
    kept: [0, 3, 4],
    ends: [0, 3, 4],
  },
  {
    name: 'prune with squash',
    isShort: true,
    words: ({ url }) => ['prune', '--keep-last', '3', '--squash', '--volsize', '1', '--force', url],
    again: (store) => store.prune({ keep: { last: 3 }, squash: { volumeSize: MIB } }),
    kept: [0, 2, 3, 4],
    ends: [0, 2, 3, 4],
  },
  {
    name: 'squash',
    words: ({ url, times }) => [
      'squash',
      '--from',
      `${times[0]}`,
      '--to',
      `${times[2]}`,
      '--volsize',
      '1',
      '--force',
      url,
    ],
    again: (store, { times: [from = NaN, , to = NaN] }) => store.squash({ from, to, volumeSize: MIB }),
    kept: [0, 2, 3, 4],
    ends: [0, 2, 3, 4],
  },
  {
    name: 'replicate',
    makes: true,
    which: 'second',
    words: ({ url, second }) => ['replicate', '--volsize', '1', url, second],
    again: (store, { url }) => store.replicate({ from: url }),
    kept: ALL,
    ends: ALL,
    second: ALL,
  },
  {
    name: 'mirror',
    isShort: true,
    makes: true,
    which: 'second',
    words: ({ url, second }) => ['mirror', url, second],
    again: (_, place) => inStore(place, 9, (store) => store.mirror({ to: place.second })),
    kept: ALL,
    ends: ALL,
    second: ALL,
  },
  {
    name: 'check',
    words: ({ url }) => ['check', url],
    again: async (store) => expect((await store.check()).damage).toEqual([]),
    kept: ALL,
    ends: ALL,
  },
  {
    name: 'restore',
    isShort: true,
    prepare: ({ out }) => put(out, { large: 'there before', stays: 'here' }),
    words: ({ url, out }) => ['restore', '--force', url, out],
    again: (store, { out }) => store.restore({ to: out, overwrite: true }),
    kept: ALL,
    ends: ALL,
    made: (place) => {
      const found = treeOf(place.out).filter(({ path }) => path !== 'stays');
      expect(found).toEqual(place.trees[LAST]);
    },
  },
];

async function entriesOf(store: Store): Promise<void> {
  for await (const entry of store.entries()) if (entry.path === undefined) throw new Error('an entry without a path');
}

function clearAll(disk: string): void {
  clear(disk);
  mkdirSync(`${disk}/tmp`);
}
