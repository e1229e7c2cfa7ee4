import type { Connection } from './connection.ts';
import { isCrowded } from './failure.ts';

export interface Pool {
  /** Runs on a connection of its own; one that broke, or that `run` left in the middle of something, is not used again. */
  use<T>(signal: AbortSignal, run: (connection: Connection) => Promise<T>): Promise<T>;
  close(): void;
}

/** Servers drop sessions that idle for minutes, and some routers do so without a word: older ones are asked first. */
const FRESH_MS = 10_000;

/**
 * At most `width` connections, opened as they are needed. A server that allows fewer is asked for no more than it has
 * given.
 */
export function connectionPool(width: number, open: (signal: AbortSignal) => Promise<Connection>): Pool {
  const idle: { readonly connection: Connection; readonly since: number }[] = [];
  const waiting: (() => void)[] = [];
  let limit = width;
  let opened = 0;

  async function take(signal: AbortSignal): Promise<Connection> {
    for (;;) {
      signal.throwIfAborted();
      const last = idle.pop();
      if (last !== undefined) {
        if (await isAlive(last.connection, last.since)) return last.connection;
        drop(last.connection);
        continue;
      }
      if (opened < limit) {
        opened++;
        try {
          return await open(signal);
        } catch (error) {
          opened--;
          waiting.shift()?.();
          if (!isCrowded(error) || opened === 0) throw error;
          limit = opened;
          continue;
        }
      }
      await new Promise<void>((resolve) => waiting.push(resolve));
    }
  }

  function drop({ client }: Connection): void {
    client.close();
    opened--;
  }

  return {
    async use(signal, run) {
      const connection = await take(signal);
      const stop = (): void => connection.client.close();
      signal.addEventListener('abort', stop);
      try {
        return await run(connection);
      } catch (error) {
        signal.throwIfAborted();
        throw error;
      } finally {
        signal.removeEventListener('abort', stop);
        if (connection.client.closed) drop(connection);
        else idle.push({ connection, since: Date.now() });
        waiting.shift()?.();
      }
    },
    close() {
      limit = 0;
      for (const { connection } of idle.splice(0)) drop(connection);
    },
  };
}

async function isAlive({ client }: Connection, since: number): Promise<boolean> {
  if (client.closed || Date.now() - since < FRESH_MS) return !client.closed;
  return client.send('NOOP').then(
    () => true,
    () => false,
  );
}
