import { Readable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

import type { Body, Bytes } from '../backend.ts';
import { isPart } from '../transfer/hidden-name.ts';
import type { Connection } from './connection.ts';
import { isRefusal, unlessRefused, verdict } from './failure.ts';

const BLOCK = 256 * 1024;
/** With 5 ms none of 40 was refused. */
const HANDSHAKE_MS = 50;

/** In the place of what is there, also where nothing may be overwritten; leaves nothing of what fails. Gives the size. */
export async function send(on: Connection, name: string, body: Body): Promise<number> {
  const { client, transfer } = on;
  // Left by a killed run; a file that has its name already is not deleted but where that is the only way.
  if (isPart(name)) await client.send(`DELE ${name}`).catch(unlessRefused);
  let sent: number | undefined;
  async function* watched(): Bytes {
    sent = 0;
    for await (const block of body.open()) {
      sent += block.length;
      yield block;
    }
  }
  const attempt = () => transfer(() => client.uploadFrom(readable({ size: body.size, open: watched }), name));
  try {
    await attempt().catch(async (error: unknown) => {
      if (isPart(name) || verdict(error) !== 'certain' || !(await wasDeleted(on, name))) throw error;
      await attempt();
    });
  } catch (error) {
    const reason = await fullerReason(on, name, error);
    // What fills the disk for nothing; not what was there before, as long as nothing was written.
    if (sent !== undefined && !client.closed) await client.send(`DELE ${name}`).catch(() => undefined);
    throw reason;
  }
  return sent ?? 0;
}

function wasDeleted({ client }: Connection, name: string): Promise<boolean> {
  return client.send(`DELE ${name}`).then(
    () => true,
    (error: unknown) => {
      unlessRefused(error);
      return false;
    },
  );
}

/**
 * ProFTPD calls the write that fills a disk "Input/output error" (451), and only the next one "No space left on
 * device": a block under another name, with the first file still there, tells whether it was that.
 */
async function fullerReason({ client, transfer }: Connection, name: string, error: unknown): Promise<unknown> {
  if (client.closed || !isRefusal(error) || error.code !== 451) return error;
  // Never a name that anybody takes for a volume.
  const probe = isPart(name) ? `.${name}` : `probe-${name}`;
  const block = Readable.from([Buffer.alloc(BLOCK)], { objectMode: false });
  const next: unknown = await transfer(() => client.uploadFrom(block, probe)).then(
    () => error,
    (refused: unknown) => refused,
  );
  if (!client.closed) await client.send(`DELE ${probe}`).catch(() => undefined);
  return isRefusal(next) ? next : error;
}

function readable(body: Body): Readable {
  return Readable.from(body.size === 0 ? nothing(body) : body.open(), { objectMode: false, highWaterMark: BLOCK });
}

/** ProFTPD refuses one of three data connections that are closed before it has finished their TLS handshake (425). */
async function* nothing(body: Body): Bytes {
  yield* body.open();
  await sleep(HANDSHAKE_MS);
}
