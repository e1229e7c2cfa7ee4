import { cpSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { check, type CheckOptions } from '../../src/actions/check/check.ts';
import type { CheckReport } from '../../src/actions/check/report.ts';
import type { Backend } from '../../src/backends/backend.ts';
import { encodingOf } from '../../src/cli/engine-options.ts';
import { defaultSettings, type Settings } from '../../src/cli/settings.ts';
import { openKeys } from '../../src/repository/keys.ts';
import { type MemoryBackend, memoryBackend } from '../../src/testing/memory-backend.ts';
import { act, backUp, machine, type Machine } from '../support/in-process.ts';
import { randomBytes, seeded } from '../support/random.ts';
import { put } from '../support/scene.ts';
import { timeOfSet } from '../support/times.ts';

/** A place and the machine whose backups it holds, to be damaged and made whole again. */
export interface Store {
  readonly on: Machine;
  readonly backend: MemoryBackend;
  /** What the place held at first. */
  readonly sound: ReadonlyMap<string, Buffer>;
  /** Both are as they were. */
  mend(): void;
}

interface StoreShape {
  readonly volumeBytes?: number;
  readonly settings?: Partial<Settings>;
  readonly env?: Readonly<Record<string, string>>;
  /** Of the large file, which is another in every set. */
  readonly fileBytes?: number;
  readonly sets?: number;
}

/** Two chains of three sets; the content of each crosses the borders of several volumes. */
export async function makeStore({
  volumeBytes = 128 * 1024,
  fileBytes = 420_000,
  sets = 6,
  settings = {},
  env = {},
}: StoreShape = {}): Promise<Store> {
  const on = { ...machine(), env };
  const backend = memoryBackend();
  const random = seeded(5);
  put(on.source, { 'dir/still': 'the same in all sets', empty: '' });
  for (let k = 0; k < sets; k++) {
    put(
      on.source,
      { big: randomBytes(fileBytes, random), [`new${k}`]: `of set ${k}`, note: `state ${k}` },
      timeOfSet(k - 1),
    );
    if (k > 0) rmSync(`${on.source}/new${k - 1}`);
    const kind = { fullIfOlderThan: timeOfSet(k) - 2.5 * 86_400 };
    await backUp(on, backend, k, { volsize: volumeBytes, ...kind, ...settings });
  }
  const sound = new Map(backend.files);
  cpSync(on.archive, `${on.dir}/sound`, { recursive: true });
  return {
    on,
    backend,
    sound,
    mend() {
      backend.files.clear();
      for (const [name, bytes] of sound) backend.files.set(name, bytes);
      rmSync(on.archive, { recursive: true });
      cpSync(`${on.dir}/sound`, on.archive, { recursive: true });
    },
  };
}

interface Conditions {
  readonly settings?: Partial<Settings>;
  readonly env?: Readonly<Record<string, string>>;
  /** In the place of the store. */
  readonly backend?: Backend;
  /** Which set would come next. */
  readonly k?: number;
}

/** What `check` answers, as on a command line without a terminal. */
export async function checked(
  { on, backend }: Store,
  options: CheckOptions = {},
  { settings = {}, env = {}, backend: other = backend, k = 9 }: Conditions = {},
): Promise<CheckReport> {
  const answers: CheckReport[] = [];
  await act(on, other, k, settings, async (session) => {
    const keys = openKeys({
      encoding: encodingOf({ ...defaultSettings(), noEncryption: true, ...settings }),
      action: 'check',
      env,
      emit: session.emit,
      ask: () => Promise.reject(new Error('nobody is to be asked')),
    });
    answers.push(await check({ ...session, keys, tries: 1 }, options));
    return 0;
  });
  const [answer] = answers;
  if (answer === undefined) throw new Error('there is no answer');
  return answer;
}

/** The files that damage was found in, each once. */
export function damaged(report: CheckReport): readonly string[] {
  return [...new Set(report.damage.map(({ file }) => file))].toSorted();
}

/** One bit of a file in the store is another. */
export function flip({ backend }: Store, name: string, bit: number): void {
  const bytes = Buffer.from(backend.files.get(name) ?? Buffer.alloc(0));
  const at = Math.floor(bit / 8) % bytes.length;
  bytes[at] = (bytes[at] ?? 0) ^ (1 << (bit % 8));
  backend.files.set(name, bytes);
}

/** Changes a file of the archive dir. */
export function editCopy({ on }: Store, name: string, edit: (bytes: Buffer) => Buffer): void {
  const path = `${on.archive}/${name}`;
  writeFileSync(path, edit(readFileSync(path)));
}

export function copies({ on }: Store): readonly string[] {
  return readdirSync(on.archive).toSorted();
}
