import { toFailure } from '../errors/failure.ts';
import { fdSink } from './sink.ts';

/**
 * A failure that nothing caught ends the process with `status` and the sentences of a bug. Node itself would show the line of
 * the program it happened in, and the whole program is one line.
 */
export function tellUncaught(version: string, status: number): void {
  process.on('uncaughtException', (thrown: unknown) => {
    const { message, hint } = toFailure(thrown, version);
    fdSink(2).write(Buffer.from(`${message}\n${hint === undefined ? '' : `${hint}\n`}`));
    process.exit(status);
  });
}
