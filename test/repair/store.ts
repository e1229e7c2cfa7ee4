import {
  cpSync,
  existsSync,
  lstatSync,
  lutimesSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { DifftarStream } from '../../src/archive/difftar.ts';
import { openKeys } from '../../src/repository/keys.ts';
import { encodingOf } from '../../src/cli/engine-options.ts';
import { defaultSettings, type Settings } from '../../src/cli/settings.ts';
import { storedBytes } from '../../src/pipeline/stored-bytes.ts';
import { type MemoryBackend, memoryBackend } from '../../src/testing/memory-backend.ts';
import { act, backUp, machine, type Machine, type Session } from '../support/in-process.ts';
import { listing, type Listed } from '../support/listing.ts';
import { noise, put } from '../support/scene.ts';
import { seeded } from '../support/random.ts';
import { timeOfSet } from '../support/times.ts';

/** A path as it was backed up. */
export interface State {
  readonly listed: Listed;
  readonly bytes: Buffer | undefined;
}

export type Tree = ReadonlyMap<string, State>;

/** Two chains of three sets, each of several volumes, and what was backed up. */
export interface Kept {
  readonly on: Machine;
  readonly backend: MemoryBackend;
  readonly settings: Partial<Settings>;
  readonly sound: ReadonlyMap<string, Buffer>;
  /** By the number of the set. */
  readonly trees: readonly Tree[];
  /** The paths that each volume holds something of. */
  readonly members: ReadonlyMap<string, readonly string[]>;
  mend(how?: { readonly withArchive: boolean }): void;
}

export const SETS = 6;
/** Sets of a chain. */
export const LENGTH = 3;

/** Every form of encoding that is tried. */
export const FORMS: Readonly<
  Record<string, { readonly settings: Partial<Settings>; readonly env: Record<string, string> }>
> = {
  gz: { settings: {}, env: {} },
  plain: { settings: { noCompression: true }, env: {} },
  encrypted: {
    settings: { noEncryption: false },
    env: { PASSPHRASE: 'correct horse', PATH: process.env['PATH'] ?? '' },
  },
};

export async function keepStore(form: string): Promise<Kept> {
  const { settings, env } = FORMS[form] ?? { settings: {}, env: {} };
  const on = { ...machine(), env };
  const backend = memoryBackend();
  const trees: Tree[] = [];
  const all = { ...settings, volsize: 96 * 1024 };
  const random = seeded(3);
  let log = noise(150_000, 77);
  const { source } = on;
  put(source, {
    'a/still': 'the same in all sets',
    'a/large': noise(260_000, 5),
    'a/empty': '',
    'm/x': 'in the middle',
    'z/also still': noise(40_000, 6),
  });
  put(source, { 'n\u00e9': 'a name in UTF-8' });
  const odd = Buffer.concat([Buffer.from(`${source}/n`), Buffer.from([0xff, 0xe9])]);
  for (let k = 0; k < SETS; k++) {
    const at = timeOfSet(k - 1) + 100;
    log = Buffer.concat([log.subarray(0, 70_000), noise(20_000, 100 + k), log.subarray(70_000)]);
    put(
      source,
      { [`new${k}`]: `of set ${k}`, 'd/rewritten': noise(230_000, 200 + k), 'd/log': log, note: `state ${k}` },
      at,
    );
    for (let i = 0; i < 5; i++)
      put(source, { [`s/f${Math.floor(random() * 12)}`]: noise(9000 + 100 * i, 300 + 10 * k + i) }, at);
    if (k > 0) rmSync(`${source}/new${k - 1}`);
    if (k % 3 === 1) put(source, { 'gone/below': noise(3000, k), 'gone/other': 'x' }, at);
    if (k % 3 === 2) rmSync(`${source}/gone`, { recursive: true });
    writeOdd(odd, k, at);
    rmSync(`${source}/link`, { force: true });
    symlinkSync(`target${k}`, `${source}/link`);
    lutimesSync(`${source}/link`, at, at);
    put(source, {}, at);
    trees.push(treeAt(source));
    await backUp(on, backend, k, { ...all, fullIfOlderThan: timeOfSet(k) - (LENGTH - 0.5) * 86_400 });
  }
  const sound = new Map(backend.files);
  cpSync(on.archive, `${on.dir}/sound`, { recursive: true });
  const kept = {
    on,
    backend,
    settings: all,
    sound,
    trees,
    members: new Map<string, readonly string[]>(),
    mend({ withArchive } = { withArchive: false }): void {
      backend.files.clear();
      for (const [name, bytes] of sound) backend.files.set(name, bytes);
      rmSync(on.archive, { recursive: true, force: true });
      if (withArchive) cpSync(`${on.dir}/sound`, on.archive, { recursive: true });
    },
  };
  return { ...kept, members: await membersOf(kept) };
}

function writeOdd(path: Buffer, k: number, at: number): void {
  writeFileSync(path, noise(70_000, 900 + Math.floor(k / 2)));
  utimesSync(path, at, at);
}

/** Runs something on the store, as a command would. */
export async function on<T>(
  { on: machine, backend, settings }: Kept,
  question: (session: Session) => Promise<T>,
  { k = 9, more = {} }: { readonly k?: number; readonly more?: Partial<Session> } = {},
): Promise<T> {
  const answers: T[] = [];
  await act(machine, backend, k, settings, async (session) => {
    const keys = openKeys({
      encoding: encodingOf({ ...defaultSettings(), noEncryption: true, ...settings }),
      action: 'check',
      env: machine.env ?? {},
      emit: session.emit,
      ask: () => Promise.reject(new Error('nobody is to be asked')),
    });
    answers.push(await question({ ...session, keys, tries: 1, ...more }));
    return 0;
  });
  return answers[0] as T;
}

/** What lies in a directory, by path; one byte a character. */
export function treeAt(dir: string): Tree {
  if (!existsSync(dir)) return new Map();
  return new Map(
    listing(dir).map((entry) => {
      const path = (
        entry.path_b64 === undefined ? Buffer.from(entry.path) : Buffer.from(entry.path_b64, 'base64')
      ).toString('latin1');
      const full = Buffer.concat([Buffer.from(`${dir}/`), Buffer.from(path === '.' ? '' : path, 'latin1')]);
      const bytes = lstatSync(full).isFile() ? readFileSync(full) : undefined;
      const listed = entry.mtime === undefined ? entry : { ...entry, mtime: Math.floor(entry.mtime) };
      return [path === '.' ? '' : path, { listed, bytes }] as const;
    }),
  );
}

export function setOf(name: string): number {
  for (let k = SETS - 1; k >= 0; k--) if (name.includes(stamp(k)) && !name.includes(`${stamp(k)}.to.`)) return k;
  throw new Error(name);
}

function stamp(k: number): string {
  return new Date(timeOfSet(k) * 1000)
    .toISOString()
    .replace(/\.000Z$/, 'Z')
    .replaceAll(/[-:]/g, '');
}

async function membersOf(kept: Kept): Promise<ReadonlyMap<string, readonly string[]>> {
  const members = new Map<string, string[]>();
  await on(kept, async ({ keys, remote, call }) => {
    for (const name of kept.sound.keys()) {
      if (!name.includes('.vol')) continue;
      const codecOf = await keys.reader([name]);
      const file = await remote.fetch(name);
      const found: string[] = [];
      const bytes = storedBytes(codecOf(name).open(file.path, { name, signal: call.signal }));
      const one = async function* () {
        yield { name, bytes };
      };
      const stream = new DifftarStream(one(), {
        onWarning: () => undefined,
        onMember: (_file, path) => found.push(path),
      });
      for (;;) {
        try {
          if ((await stream.next()) === undefined) break;
        } catch {
          // A file that begins in another volume.
        }
      }
      file.release();
      members.set(name, found);
    }
    return 0;
  });
  return members;
}
