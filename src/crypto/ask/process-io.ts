import { once } from 'node:events';
import type { AskIo, LineSource } from './ask.ts';
import { inputLines } from './lines.ts';
import { openTerminal } from './terminal.ts';

/** Asking as this process can: on its terminal, else on stderr with answers from stdin. One for the whole run. */
export function processIo({ warn, flush, signal }: Pick<AskIo, 'warn' | 'flush' | 'signal'>): AskIo {
  let lines: LineSource | undefined;
  return {
    terminal: openTerminal,
    fallback: () => (lines ??= inputLines(process.stdin, process.stderr)),
    interrupt: raiseInterrupt,
    warn,
    flush,
    signal,
  };
}

/**
 * Ctrl-C as the terminal would have sent it: this process gets SIGINT. Resolves when whoever handles that signal has
 * been told; without a handler the process ends here.
 */
async function raiseInterrupt(): Promise<void> {
  if (process.listenerCount('SIGINT') === 0) {
    process.kill(process.pid, 'SIGINT');
    return;
  }
  const told = once(process, 'SIGINT');
  // A signal on its way keeps no process alive, and nothing else may be left to do.
  const alive = setInterval(() => {}, 1000);
  process.kill(process.pid, 'SIGINT');
  await told;
  clearInterval(alive);
}
