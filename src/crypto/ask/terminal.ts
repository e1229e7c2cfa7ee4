import { closeSync, openSync, writeSync } from 'node:fs';
import { ReadStream } from 'node:tty';
import type { LineSource } from './ask.ts';
import { lineEditor, type Typed } from './line-editor.ts';

/** The controlling terminal, whatever stdin and stdout are; undefined when there is none. */
export function openTerminal(): LineSource | undefined {
  let fd: number;
  try {
    fd = openSync('/dev/tty', 'r+');
  } catch {
    return undefined;
  }
  let input: ReadStream;
  try {
    input = new ReadStream(fd);
    // Before the prompt shows: what is typed after it must not be echoed.
    input.setRawMode(true);
  } catch {
    closeSync(fd);
    return undefined;
  }
  const waiting: number[] = [];
  return {
    async line(prompt, signal) {
      writeSync(fd, prompt);
      const typed = await typedLine(input, { waiting, signal });
      // The Enter key was not echoed either.
      writeSync(fd, '\n');
      if (typed.kind === 'interrupt') return 'interrupt';
      return typed.kind === 'line' ? { text: typed.text } : undefined;
    },
    close() {
      if (input.destroyed) return;
      input.setRawMode(false);
      input.destroy();
    },
  };
}

/** `waiting` holds what was pasted beyond the end of the line, for the next one. */
function typedLine(
  input: ReadStream,
  { waiting, signal }: { readonly waiting: number[]; readonly signal: AbortSignal },
): Promise<Typed> {
  const editor = lineEditor();
  return new Promise((resolve, reject) => {
    const settle = (call: () => void): void => {
      input.pause();
      input.off('data', onData).off('error', onError).off('end', onEnd);
      signal.removeEventListener('abort', onAbort);
      call();
    };
    const onEnd = (): void => settle(() => resolve({ kind: 'end' }));
    const onError = (error: Error): void => settle(() => reject(error));
    const onAbort = (): void => settle(() => reject(signal.reason));
    const consume = (): boolean => {
      for (let byte = waiting.shift(); byte !== undefined; byte = waiting.shift()) {
        const typed = editor.type(byte);
        if (typed.kind === 'more') continue;
        settle(() => resolve(typed));
        return true;
      }
      return false;
    };
    const onData = (block: Buffer): void => {
      waiting.push(...block);
      consume();
    };
    if (signal.aborted) return onAbort();
    if (consume()) return undefined;
    signal.addEventListener('abort', onAbort);
    input.on('data', onData).on('error', onError).on('end', onEnd);
    input.resume();
    return undefined;
  });
}
