import type { ClientChannel } from 'ssh2';

import { shellQuote } from '../ssh/config/words.ts';
import type { Connection } from '../ssh/connection.ts';

/** A path that no program takes for an option. */
export function word(path: string): string {
  return shellQuote(path.startsWith('/') ? path : `./${path}`);
}

/** A command on the server. */
export interface Running extends ClientChannel {
  readonly ended: Promise<{ readonly code: number | null; readonly said: string }>;
}

export function execute(connection: Connection, command: string): Promise<Running> {
  const { client, gone } = connection;
  return new Promise((resolve, reject) => {
    const lost = (): void => reject(new Error('the connection was lost'));
    // ssh2 forgets what is asked for when the connection is down already.
    if (!connection.isOpen()) return lost();
    void gone.then(lost);
    client.exec(command, (error, channel) => {
      if (error !== undefined) {
        reject(error);
        return;
      }
      let said = '';
      let code: number | null = null;
      channel.stderr.on('data', (block: Buffer) => (said += block.toString('utf8')));
      channel.on('exit', (status: number | null) => (code = status));
      const ended = new Promise<{ code: number | null; said: string }>((over) => {
        channel.once('close', () => over({ code, said }));
      });
      resolve(Object.assign(channel, { ended }));
    });
  });
}
