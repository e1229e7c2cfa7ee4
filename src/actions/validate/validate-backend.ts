import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Backend, Body, Bytes, Call } from '../../backends/backend.ts';
import type { Code } from '../../errors/codes.ts';
import { BackendError, DuplicityError } from '../../errors/errors.ts';
import type { Emit } from '../../events/events.ts';
import type { Repository } from '../../repository/repository.ts';

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

/** What one check has found. */
export interface CheckResult {
  readonly title: string;
  readonly isGood: boolean;
  /** What is wrong, or more of what was found. */
  readonly detail: string | undefined;
  /** What can be done about it. */
  readonly hint: string | undefined;
  /** Of what is wrong. */
  readonly code: Code | undefined;
}

export interface ValidateResult {
  readonly checks: readonly CheckResult[];
  /** What the kind of place promises; no check can prove it. */
  readonly guarantees: {
    /** An upload that is cut off leaves nothing under its name. */
    readonly atomicPut: boolean;
    /** The listing shows at once what has been stored and deleted. */
    readonly consistentList: boolean;
  };
  /** The place can hold backups. */
  readonly isGood: boolean;
}

interface Check {
  readonly title: string;
  /** Throws what is wrong; may tell more. */
  readonly run: (store: Trial) => Promise<string | undefined>;
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
 * takes for a backup, and deletes them at the end, also after a failure. Says each thing once it is known.
 */
export async function validateBackend({ backend, call, emit, tries }: Repository): Promise<ValidateResult> {
  const mark = `.duplicity-trial-${randomBytes(4).toString('hex')}.`;
  const trial = trialOf(backend, mark, { ...call, patience: tries > 1 ? PATIENCE_S : 0 });
  const checks: CheckResult[] = [];
  try {
    for (const one of CHECKS) {
      const result = await resultOf(one, trial, call.signal);
      checks.push(result);
      const { title, isGood, detail, hint } = result;
      emit({ kind: 'checked', title, isGood, detail });
      if (hint !== undefined) emit({ kind: 'checkHint', hint });
    }
  } finally {
    // Also after an interruption, which has ended the calls before.
    await cleanUp(trialOf(backend, mark, { signal: AbortSignal.timeout(CLEANING_MS), patience: 0 }), emit);
  }
  const { atomicPut, consistentList } = backend.traits;
  return { checks, guarantees: { atomicPut, consistentList }, isGood: checks.every(({ isGood }) => isGood) };
}

async function resultOf({ title, run }: Check, trial: Trial, signal: AbortSignal): Promise<CheckResult> {
  try {
    return { title, isGood: true, detail: await run(trial), hint: undefined, code: undefined };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof DuplicityError)) throw error;
    const { message, hint, code } = error;
    return { title, isGood: false, detail: message, hint, code };
  }
}

const CHECKS: readonly Check[] = [
  {
    title: 'files of 0, 1 and 65537 bytes come back as they were',
    run: async (trial) => {
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
    run: async (trial) => {
      await trial.put('again', Buffer.from('the first and longer content'));
      await trial.put('again', Buffer.from('second'));
      check((await trial.get('again')).toString() === 'second', 'the first content came back');
      return undefined;
    },
  },
  {
    title: 'the listing shows each file once, and its size',
    run: async (trial) => {
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
    run: async (trial) => {
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
    run: async (trial) => {
      await trial.put('deleted', Buffer.from('x'));
      await trial.remove('deleted');
      await trial.remove('deleted');
      check(!(await trial.list()).has('deleted'), 'a deleted file is still listed');
      return undefined;
    },
  },
  {
    title: 'a file that is not there is said not to be there',
    run: async (trial) => {
      const failure = await trial.get('absent').catch((error: unknown) => error);
      const isRight = failure instanceof BackendError && failure.code === 'BACKEND_NOT_FOUND';
      if (failure instanceof BackendError && !isRight) throw failure;
      check(isRight, 'something was given');
      return undefined;
    },
  },
  {
    title: 'names keep their characters',
    run: async (trial) => {
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
    run: async (trial) => {
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
    run: async (trial) => {
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

async function cleanUp(trial: Trial, emit: Emit): Promise<void> {
  try {
    for (const name of (await trial.list()).keys()) await trial.remove(name);
    for (const name of (await trial.list()).keys()) emit({ kind: 'trialLeft', what: name, detail: undefined });
  } catch (error) {
    const isLate = error instanceof DOMException && error.name === 'TimeoutError';
    if (!isLate && !(error instanceof DuplicityError)) throw error;
    emit({ kind: 'trialLeft', what: 'files of this trial (.duplicity-trial-*)', detail: error.message });
  }
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
