import { fstatSync, openSync, readFileSync, readdirSync, readlinkSync } from 'node:fs';

import { UsageError } from '../errors/errors.ts';
import type { Consumer } from './human.ts';
import { formatRecord } from './record.ts';
import { render } from './render.ts';
import { type Sink, fdSink } from './sink.ts';

/** Machine records, each written at once, with the same filter as messages for people. */
export function recordOutput({ verbosity, sink }: { readonly verbosity: number; readonly sink: Sink }): Consumer {
  return {
    emit(event) {
      const message = render(event);
      if (message.level > verbosity && !message.forced) return;
      sink.write(Buffer.from(formatRecord(event, message)));
    },
    flush() {},
    close() {
      sink.close();
    },
  };
}

/** The sink of `--log-fd`. `UsageError` for a descriptor that the caller has not opened for writing. */
export function openLogFd(fd: number): Sink {
  if (!isWritable(fd) || isOurOwn(fd)) {
    throw new UsageError('COMMAND_LINE', `--log-fd ${fd} is not an open file descriptor that can be written to.`);
  }
  return fdSink(fd);
}

/** Names of descriptors that are open. */
const DESCRIPTOR = /^\/(?:dev\/(stdout|stderr)|(?:dev|proc\/self)\/fd\/(\d+))$/;

/**
 * The sink of `--log-file`, which is appended to. A name of an open descriptor means that one: a socket, which it is under
 * systemd, cannot be opened, and a file that is opened twice is written over.
 */
export function openLogFile(path: string): Sink {
  const [, name, number] = DESCRIPTOR.exec(path) ?? [];
  const fd = name === 'stdout' ? 1 : name === 'stderr' ? 2 : Number(number);
  if (!Number.isNaN(fd)) {
    if (isWritable(fd) && !isOurOwn(fd)) return fdSink(fd);
    throw new UsageError('COMMAND_LINE', `Cannot open the log file ${path}: it is not open for writing.`);
  }
  try {
    return fdSink(openSync(path, 'a'));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new UsageError('COMMAND_LINE', `Cannot open the log file ${path}: ${reason}`, { cause: error });
  }
}

function isWritable(fd: number): boolean {
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile() && !stat.isFIFO() && !stat.isSocket() && !stat.isCharacterDevice()) return false;
  } catch {
    return false;
  }
  return (accessMode(fd) ?? WRITE_ONLY) !== READ_ONLY;
}

const READ_ONLY = 0;
const WRITE_ONLY = 1;

/** The access mode of an open descriptor, where the system tells. */
function accessMode(fd: number | string): number | undefined {
  try {
    const flags = /^flags:\s*([0-7]+)/m.exec(readFileSync(`/proc/self/fdinfo/${fd}`, 'latin1'))?.[1];
    return flags === undefined ? undefined : Number.parseInt(flags, 8) & 3;
  } catch {
    return undefined;
  }
}

/**
 * Node opens pipes of its own on the numbers the caller left free, and both ends of those are here; writing into one
 * would break the process instead of failing.
 */
function isOurOwn(fd: number): boolean {
  const target = linkOf(fd);
  if (!target?.startsWith('pipe:')) return false;
  try {
    return readdirSync('/proc/self/fd').some((other) => linkOf(other) === target && accessMode(other) === READ_ONLY);
  } catch {
    return false;
  }
}

function linkOf(fd: number | string): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`);
  } catch {
    return undefined;
  }
}
