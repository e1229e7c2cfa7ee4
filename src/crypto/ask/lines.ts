import type { Readable, Writable } from 'node:stream';
import type { LineSource } from './ask.ts';

/**
 * Lines of an input that is no terminal, such as `printf 'pw\npw\n' | …`. What one answer leaves of the input is there
 * for the next, so one of these serves the whole run.
 */
export function inputLines(input: Readable, prompts: Writable): LineSource {
  input.setEncoding('utf8');
  let held = '';
  let isEnded = false;
  const takeLine = (): string | undefined => {
    const end = held.indexOf('\n');
    if (end < 0 && !(isEnded && held !== '')) return undefined;
    const text = end < 0 ? held : held.slice(0, end);
    held = end < 0 ? '' : held.slice(end + 1);
    return text;
  };
  return {
    async line(prompt, signal) {
      prompts.write(prompt);
      let text = takeLine();
      while (text === undefined && !isEnded) {
        const piece = await nextPiece(input, signal);
        if (piece === undefined) isEnded = true;
        else held += piece;
        text = takeLine();
      }
      prompts.write('\n');
      return text === undefined ? undefined : { text };
    },
    close: () => {},
  };
}

/** The next text of the input; undefined at its end. The input is left paused, so that it keeps no process alive. */
function nextPiece(input: Readable, signal: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const settle = (call: () => void): void => {
      input.pause();
      input.off('data', onData).off('end', onEnd).off('close', onEnd).off('error', onEnd);
      signal.removeEventListener('abort', onAbort);
      call();
    };
    const onData = (piece: string): void => settle(() => resolve(piece));
    // A descriptor that cannot be read answers as little as one at its end.
    const onEnd = (): void => settle(() => resolve(undefined));
    const onAbort = (): void => settle(() => reject(signal.reason));
    if (signal.aborted) return onAbort();
    if (input.readableEnded || input.destroyed) return onEnd();
    signal.addEventListener('abort', onAbort);
    input.on('data', onData).on('end', onEnd).on('close', onEnd).on('error', onEnd);
    input.resume();
    return undefined;
  });
}
