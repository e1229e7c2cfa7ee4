import type { ClientChannel } from 'ssh2';

import type { Body, Bytes, RemoteFile } from '../backend.ts';
import { saidError } from '../ssh/failure.ts';
import type { Connection } from '../ssh/connection.ts';
import { until } from '../ssh/until.ts';
import type { Range, RemoteFiles } from './remote-files.ts';
import { execute, word, type Running } from './shell.ts';
import { shellCopy } from './shell-copy.ts';

/** Files of a server without sftp: the scp protocol for their bytes, a POSIX shell for the rest. */
export function shellFiles(connection: Connection): RemoteFiles {
  /** Output of a command that must succeed. */
  async function run(command: string): Promise<string> {
    const channel = await execute(connection, command);
    const out: Buffer[] = [];
    channel.on('data', (block: Buffer) => out.push(block));
    const { code, said } = await channel.ended;
    if (code !== 0) throw saidError(said || `exit status ${code}`);
    return Buffer.concat(out).toString('utf8');
  }

  async function write(path: string, body: Body, signal: AbortSignal): Promise<void> {
    // A link is never written through; a file that may not be deleted may still be written anew.
    await run(`rm -f ${word(path)} || { [ -f ${word(path)} ] && [ ! -L ${word(path)} ]; }`);
    const channel = await execute(connection, `scp -t ${word(path)}`);
    const reader = replies(channel);
    try {
      await until(reader.acknowledged(), signal);
      channel.write(`C0644 ${body.size} ${path.slice(path.lastIndexOf('/') + 1)}\n`);
      await until(reader.acknowledged(), signal);
      let sent = 0;
      for await (const block of body.open()) {
        signal.throwIfAborted();
        sent += block.length;
        if (sent > body.size) break;
        if (!channel.write(block)) await until(Promise.race([drained(channel), channel.ended]), signal);
      }
      if (sent !== body.size) throw new Error(`it has another size than the ${body.size} bytes announced`);
      channel.write(Buffer.from([0]));
      await until(reader.acknowledged(), signal);
      channel.end();
      reader.drain();
      await until(channel.ended, signal);
    } catch (error) {
      channel.close();
      reader.drain();
      await channel.ended;
      await run(`rm -f ${word(path)}`).catch(() => {});
      throw error;
    }
  }

  /** The bytes come in one piece; what lies outside of the range is passed over. */
  async function read<T>(
    path: string,
    range: Range,
    take: (bytes: Bytes) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    const channel = await until(execute(connection, `scp -f ${word(path)}`), signal);
    const reader = replies(channel);
    try {
      channel.write(Buffer.from([0]));
      const head = await until(reader.line(), signal);
      const size = /^C[0-7]+ (\d+) /.exec(head)?.[1];
      if (size === undefined) throw saidError(head.replace(/^[\x01\x02]/, ''));
      channel.write(Buffer.from([0]));
      return await take(within(reader.contents(Number(size)), range, signal));
    } finally {
      channel.close();
      reader.drain();
    }
  }

  async function size(path: string): Promise<number | undefined> {
    const file = word(path);
    const text = await run(`if [ -f ${file} ]; then wc -c < ${file}; fi`);
    return text.trim() === '' ? undefined : Number(text);
  }

  async function list(directory: string): Promise<readonly RemoteFile[]> {
    const text = await run(`cd ${directory === '' ? '.' : word(directory)} && LC_ALL=C ls -lAn`);
    return text.split('\n').flatMap(parseListing);
  }

  async function copy(from: string, to: string, signal: AbortSignal): Promise<void> {
    try {
      await shellCopy(connection, from, to, signal);
    } catch (error) {
      await run(`rm -f ${word(to)}`).catch(() => {});
      throw error;
    }
  }

  return {
    write,
    copy,
    read,
    size,
    list,
    rename: async (from, to) => void (await run(`mv -f ${word(from)} ${word(to)}`)),
    remove: async (path) => void (await run(`rm -f ${word(path)}`)),
    makeDirectory: async (path) => void (path !== '' && (await run(`mkdir -p ${word(path)}`))),
  };
}

/** A line of `ls -ln`, the form of POSIX: mode, links, owner, group, size, date of three words, name. */
function parseListing(line: string): RemoteFile[] {
  const match = /^-\S+ +\d+ +\S+ +\S+ +(\d+) +\S+ +\S+ +\S+ (.+)$/.exec(line);
  return match === null ? [] : [{ name: match[2] ?? '', size: Number(match[1]) }];
}

function drained(channel: ClientChannel): Promise<void> {
  return new Promise((resolve) => channel.once('drain', () => resolve()));
}

/** The answers of scp on the server: a zero byte, or 1 or 2 and a line that says what is wrong. */
function replies(channel: Running) {
  const blocks: AsyncIterator<Buffer> = channel[Symbol.asyncIterator]();
  let held: Buffer = Buffer.alloc(0);
  async function more(): Promise<void> {
    const next = await blocks.next();
    if (next.done === true) {
      const { said } = await channel.ended;
      throw saidError(said || 'scp on the server ended without a word');
    }
    held = held.length === 0 ? next.value : Buffer.concat([held, next.value]);
  }
  async function line(): Promise<string> {
    let end = held.indexOf(10);
    while (end < 0) {
      await more();
      end = held.indexOf(10);
    }
    const text = held.toString('utf8', 0, end);
    held = held.subarray(end + 1);
    return text;
  }
  return {
    line,
    /** A channel is closed only when all that came through it has been read. */
    drain(): void {
      void blocks.next().then(
        (next) => next.done === true || this.drain(),
        () => {},
      );
    },
    async acknowledged(): Promise<void> {
      while (held.length === 0) await more();
      if (held[0] !== 0) throw saidError((await line()).slice(1));
      held = held.subarray(1);
    },
    /** What could not be read is sent as something else of the same size; the answer behind it says so. */
    async *contents(size: number): Bytes {
      for (let left = size; left > 0;) {
        while (held.length === 0) await more();
        const block = held.subarray(0, left);
        held = held.subarray(block.length);
        left -= block.length;
        yield block;
      }
      await this.acknowledged();
    },
  };
}

async function* within(bytes: Bytes, { start, end = Infinity }: Range, signal: AbortSignal): Bytes {
  let position = 0;
  for await (const block of bytes) {
    signal.throwIfAborted();
    const part = block.subarray(Math.max(0, start - position), Math.max(0, end - position));
    position += block.length;
    if (part.length > 0) yield part;
    if (position >= end) return;
  }
  signal.throwIfAborted();
}
