import type { OpenOptions } from '../codec.ts';
import { type FileStamp, isSameStamp } from '../file-stamp.ts';
import type { Job } from './job.ts';

type Ahead = Pick<OpenOptions, 'thread' | 'proven' | 'signal'>;

/** What came of a file from another thread. */
export interface Taken {
  readonly bytes: number;
  /** That was all. */
  readonly isWhole: boolean;
}

/**
 * The blocks that another thread makes of a file from now on, once it is proven that it may be read; nothing of a file that
 * is not the proven one.
 */
export async function* readAhead(
  job: Omit<Job, 'number'>,
  { thread, proven, signal }: Ahead,
): AsyncGenerator<Buffer, Taken> {
  const decoding = proven === undefined ? undefined : thread?.begin(job);
  let stamp: FileStamp | undefined;
  try {
    stamp = await proven;
  } finally {
    if (stamp === undefined || !isSameStamp(stamp, job.stamp)) decoding?.drop();
  }
  if (decoding === undefined || stamp === undefined || !isSameStamp(stamp, job.stamp)) {
    return { bytes: 0, isWhole: false };
  }
  const blocks = decoding.blocks(signal);
  let bytes = 0;
  try {
    for (;;) {
      const { done, value } = await blocks.next();
      if (done === true) return { bytes, isWhole: value };
      bytes += value.length;
      yield value;
    }
  } finally {
    await blocks.return(false);
  }
}

/** `blocks` without their first so many bytes. */
export async function* withoutFirst<R>(blocks: AsyncGenerator<Buffer, R>, bytes: number): AsyncGenerator<Buffer, R> {
  let left = bytes;
  try {
    for (;;) {
      const { done, value } = await blocks.next();
      if (done === true) return value;
      const from = Math.min(left, value.length);
      left -= from;
      if (from < value.length) yield from === 0 ? value : value.subarray(from);
    }
  } finally {
    await blocks.return(undefined as R);
  }
}
