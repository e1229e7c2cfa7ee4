import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Backend, Body, Bytes, Call } from '../../backends/backend.ts';
import { BackendError, DuplicityError } from '../../errors/errors.ts';
import type { Session } from '../session.ts';

/** Large enough that starting and ending does not count, small enough for a slow line. */
const LARGE = 16 * 1024 * 1024;
const BLOCK = 256 * 1024;
/** Backups wait longer for listings that are late. */
const LATE_S = 2;
const PATIENCE_S = 10;
/** For deleting some dozen files; who has interrupted this is not to wait for a server that is silent. */
const CLEANING_MS = 15_000;

/** Characters that names get from --file-prefix and the like, and that URLs, shells and listings may take amiss. */
const NAMES: readonly string[] = [
  'duplicity-full.20260101T000000Z.vol1.difftar.gpg',
  'two words',
  'a+b&c=d',
  '100%25',
  "quote's",
  '~tilde',
  '#?;:@',
  'x'.repeat(100),
];

interface Check {
  readonly title: string;
  /** Throws what is wrong; may tell more. */
  run(store: Trial): Promise<string | undefined>;
}

/** The place as a check sees it: every name begins with the mark of this run. */
interface Trial {
  readonly backend: Backend;
  put(name: string, content: Buffer): Promise<void>;
  get(name: string): Promise<Buffer>;
  /** Names and sizes of this run. */
  list(): Promise<ReadonlyMap<string, number | undefined>>;
  /** The same, asked for again for a while where it is late with these names. */
  listed(
    names: readonly string[],
  ): Promise<{ readonly files: ReadonlyMap<string, number | undefined>; seconds: number }>;
  remove(name: string): Promise<void>;
  stat(name: string): Promise<{ readonly size?: number } | undefined>;
}

/**
 * Tries whether a place keeps what backups rely on, and how fast it is. Writes only names of its own, which no program
 * takes for a backup, and deletes them at the end, also after a failure. 0, or the number of the first failure.
 */
export async function validateBackend({ backend, call, emit, settings }: Session): Promise<number> {
  const say = (text: string): void => emit({ kind: 'forced', text });
  const mark = `.duplicity-trial-${randomBytes(4).toString('hex')}.`;
  const trial = trialOf(backend, mark, { ...call, patience: settings.numRetries > 1 ? PATIENCE_S : 0 });
  let status = 0;
  try {
    for (const one of CHECKS) {
      const { title } = one;
      try {
        const more = await one.run(trial);
        say(`good    ${title}${more === undefined ? '' : `: ${more}`}`);
      } catch (error) {
        call.signal.throwIfAborted();
        if (!(error instanceof DuplicityError)) throw error;
        status ||= error.exitCode;
        say(`FAILED  ${title}: ${error.message}`);
        if (error.hint !== undefined) say(`        ${error.hint}`);
      }
    }
  } finally {
    // Also after an interruption, which has ended the calls before.
    await cleanUp(trialOf(backend, mark, { signal: AbortSignal.timeout(CLEANING_MS), patience: 0 }), say);
  }
  for (const line of guarantees(backend)) say(line);
  say(status === 0 ? 'This place can hold backups.' : 'This place cannot hold backups as it is.');
  return status;
}

const CHECKS: readonly Check[] = [
  {
    title: 'files of 0, 1 and 65537 bytes come back as they were',
    async run(trial) {
      for (const size of [0, 1, 65_537]) {
        const content = randomBytes(size);
        await trial.put('size', content);
        check((await trial.get('size')).equals(content), `${size} bytes came back changed`);
      }
      return undefined;
    },
  },
  {
    title: 'a second upload replaces the first',
    async run(trial) {
      await trial.put('again', Buffer.from('the first and longer content'));
      await trial.put('again', Buffer.from('second'));
      check((await trial.get('again')).toString() === 'second', 'the first content came back');
      return undefined;
    },
  },
  {
    title: 'the listing shows each file once, and its size',
    async run(trial) {
      await trial.put('listed', Buffer.from('12345'));
      const { files, seconds } = await trial.listed(['listed']);
      const size = files.get('listed');
      check(files.has('listed'), 'an uploaded file is not listed');
      check(size === undefined || size === 5, `a file of 5 bytes is listed with ${size}`);
      if (seconds > 0) return `after ${seconds} s`;
      return size === undefined ? 'sizes are not listed' : undefined;
    },
  },
  {
    title: 'a single file can be looked up',
    async run(trial) {
      if (trial.backend.stat === undefined) return 'not here; the listing has to do';
      await trial.put('looked-up', Buffer.from('12345'));
      const size = (await trial.stat('looked-up'))?.size ?? 5;
      check(size === 5, `a file of 5 bytes is said to have ${size}`);
      check((await trial.stat('absent')) === undefined, 'a file is found that is not there');
      return undefined;
    },
  },
  {
    title: 'what is deleted is gone, and deleting it again is no error',
    async run(trial) {
      await trial.put('deleted', Buffer.from('x'));
      await trial.remove('deleted');
      await trial.remove('deleted');
      check(!(await trial.list()).has('deleted'), 'a deleted file is still listed');
      return undefined;
    },
  },
  {
    title: 'a file that is not there is said not to be there',
    async run(trial) {
      const failure = await trial.get('absent').catch((error: unknown) => error);
      const isRight = failure instanceof BackendError && failure.code === 'BACKEND_NOT_FOUND';
      if (failure instanceof BackendError && !isRight) throw failure;
      check(isRight, 'something was given');
      return undefined;
    },
  },
  {
    title: 'names keep their characters',
    async run(trial) {
      for (const name of NAMES) await trial.put(name, Buffer.from(name));
      const { files: listed } = await trial.listed(NAMES);
      for (const name of NAMES) {
        check(listed.has(name), `${JSON.stringify(name)} is not listed under its name`);
        check((await trial.get(name)).toString() === name, `${JSON.stringify(name)} has another content`);
      }
      for (const name of NAMES) await trial.remove(name);
      return `${NAMES.length} names`;
    },
  },
  {
    title: 'several transfers at once',
    async run(trial) {
      const width = Math.min(trial.backend.traits.parallel, 8);
      const contents = Array.from({ length: width }, (_, i) => Buffer.alloc(300_000, i));
      await Promise.all(contents.map((content, i) => trial.put(`parallel-${i}`, content)));
      const got = await Promise.all(contents.map((_, i) => trial.get(`parallel-${i}`)));
      check(
        got.every((content, i) => content.equals(contents[i] ?? Buffer.alloc(0))),
        'contents were mixed up',
      );
      return `${width}`;
    },
  },
  {
    title: 'a large file',
    async run(trial) {
      const content = randomBytes(LARGE);
      const start = performance.now();
      await trial.put('large', content);
      const sent = performance.now();
      const back = await trial.get('large');
      const got = performance.now();
      check(back.equals(content), 'it came back changed');
      return `${rate(sent - start)} MB/s up, ${rate(got - sent)} MB/s down`;
    },
  },
];

function rate(ms: number): string {
  return (LARGE / 1000 / Math.max(ms, 1)).toFixed(1);
}

function check(holds: boolean, otherwise: string): void {
  if (!holds) throw new BackendError('BACKEND_ERROR', otherwise, { retryable: false });
}

/** `patience`: seconds that a listing may be late. */
function trialOf(backend: Backend, mark: string, call: Call & { readonly patience: number }): Trial {
  async function list(): Promise<Map<string, number | undefined>> {
    const found = new Map<string, number | undefined>();
    for await (const { name, size } of backend.list(call)) {
      if (name.startsWith(mark)) found.set(name.slice(mark.length), size);
    }
    return found;
  }
  return {
    backend,
    list,
    put: (name, content) => backend.put(mark + name, bodyOf(content), call),
    get: (name) => backend.get(mark + name, collect, call),
    async listed(names) {
      for (let seconds = 0; ; seconds += LATE_S) {
        const files = await list();
        if (seconds >= call.patience || names.every((name) => files.has(name))) return { files, seconds };
        await sleep(LATE_S * 1000, undefined, { signal: call.signal });
      }
    },
    remove: (name) => backend.delete(mark + name, call),
    stat: async (name) => backend.stat?.(mark + name, call),
  };
}

async function cleanUp(trial: Trial, say: (text: string) => void): Promise<void> {
  try {
    for (const name of (await trial.list()).keys()) await trial.remove(name);
    for (const name of (await trial.list()).keys()) say(`LEFT    ${name} could not be deleted`);
  } catch (error) {
    const isLate = error instanceof DOMException && error.name === 'TimeoutError';
    if (!isLate && !(error instanceof DuplicityError)) throw error;
    say(`LEFT    files of this trial (.duplicity-trial-*) could not be deleted: ${error.message}`);
  }
}

function* guarantees({ traits }: Backend): Generator<string> {
  yield `${traits.atomicPut ? 'yes     ' : 'no      '}an upload that is cut off leaves nothing under its name`;
  yield `${traits.consistentList ? 'yes     ' : 'no      '}the listing shows at once what has been stored and deleted`;
}

function bodyOf(content: Buffer): Body {
  async function* blocks(): Bytes {
    for (let at = 0; at < content.length; at += BLOCK) yield content.subarray(at, at + BLOCK);
  }
  return { size: content.length, open: blocks };
}

async function collect(bytes: Bytes): Promise<Buffer> {
  const blocks: Buffer[] = [];
  for await (const block of bytes) blocks.push(block);
  return Buffer.concat(blocks);
}
