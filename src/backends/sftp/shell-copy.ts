import { CannotCopyError } from '../../errors/errors.ts';
import type { Connection } from '../ssh/connection.ts';
import { saidError } from '../ssh/failure.ts';
import { until } from '../ssh/until.ts';
import { execute, word } from './shell.ts';

/** Said at the end: what else runs in the place of a shell, and ends well, has copied nothing. */
const DONE = 'copied';

/**
 * By a shell, where the account has one; the file system shares the blocks of the two where it can. Never through a link.
 * What has gone wrong without a shell is a `CannotCopyError`.
 */
export async function shellCopy(connection: Connection, from: string, to: string, signal: AbortSignal): Promise<void> {
  const clear = `rm -f ${word(to)} || { [ -f ${word(to)} ] && [ ! -L ${word(to)} ]; }`;
  const channel = await until(
    execute(connection, `{ ${clear}; } && cp ${word(from)} ${word(to)} && echo ${DONE}`),
    signal,
  ).catch((error: unknown) => {
    signal.throwIfAborted();
    if (!connection.isOpen()) throw error;
    throw noShell(error instanceof Error ? error.message : String(error), error);
  });
  let answer = '';
  channel.on('data', (block: Buffer) => (answer += block.toString('utf8')));
  // Some servers run sftp whatever is asked for, and wait for its requests.
  channel.end();
  try {
    const { code, said } = await until(channel.ended, signal);
    if (code === 0 && answer.trim() === DONE) return;
    // Of which uploading would be no better.
    if (/no space left|quota exceeded|connection was lost/i.test(said)) throw saidError(said);
    if (!connection.isOpen()) throw new Error('the connection was lost');
    throw noShell(saidError(said || answer).message, undefined);
  } finally {
    channel.close();
  }
}

function noShell(reason: string, cause: unknown): CannotCopyError {
  return new CannotCopyError(`The server does not copy files: ${reason}`, { isForGood: true, cause });
}
