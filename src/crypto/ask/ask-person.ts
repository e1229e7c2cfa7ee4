import { once } from 'node:events';
import { openSync, writeSync } from 'node:fs';
import { ReadStream } from 'node:tty';

import type { AskIo } from './ask.ts';

/**
 * One line from whoever runs the program: undefined at the end of the input. A line that may be seen is asked for on
 * the terminal only, and is undefined without one; a hidden one comes from stdin then.
 */
export async function askPerson(
  { prompt, isVisible }: { readonly prompt: string; readonly isVisible: boolean },
  io: Pick<AskIo, 'terminal' | 'fallback' | 'interrupt' | 'signal'>,
): Promise<string | undefined> {
  if (isVisible) return visibleLine(prompt, io.signal);
  const terminal = io.terminal();
  const source = terminal ?? io.fallback();
  try {
    const line = await source.line(prompt, io.signal);
    if (line !== 'interrupt') return line?.text;
    terminal?.close();
    await io.interrupt();
    io.signal.throwIfAborted();
    return undefined;
  } finally {
    terminal?.close();
  }
}

/** The terminal itself shows and edits the line. */
async function visibleLine(prompt: string, signal: AbortSignal): Promise<string | undefined> {
  let input: ReadStream;
  let fd: number;
  try {
    fd = openSync('/dev/tty', 'r+');
    input = new ReadStream(fd);
  } catch {
    return undefined;
  }
  try {
    writeSync(fd, prompt);
    const data: unknown = (await Promise.race([once(input, 'data', { signal }), once(input, 'end', { signal })]))[0];
    return data instanceof Buffer ? data.toString('utf8').trimEnd() : undefined;
  } finally {
    input.destroy();
  }
}
