import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

/** What is odd about a server, in lines of the protocol without their ends. */
export interface ImapKind {
  /** What the client hears instead; undefined: nothing. */
  readonly down?: (line: string) => string | undefined;
  /** An answer without the tag, which goes before it, to a command that the server never hears; undefined: it passes. */
  readonly answer?: (command: string) => string | undefined;
}

export interface ImapAnimal extends AsyncDisposable {
  readonly port: number;
}

/** Stands before an IMAP server on loopback and changes what both say. */
export async function startImapAnimal(port: number, { down, answer }: ImapKind): Promise<ImapAnimal> {
  const sockets = new Set<Socket>();
  const server = createServer((near) => {
    const far = connect(port, '127.0.0.1');
    for (const socket of [near, far]) sockets.add(socket.setNoDelay(true).on('error', () => undefined));
    near.on('close', () => far.destroy());
    far.on('close', () => near.destroy());
    linesOf(far, (line) => {
      const heard = down === undefined ? line : down(line);
      if (heard !== undefined) near.write(`${heard}\r\n`, 'latin1');
    });
    linesOf(near, (line) => {
      const [, tag, command = ''] = /^(\w+) ([A-Z].*)$/.exec(line) ?? [];
      const said = tag === undefined ? undefined : answer?.(command);
      if (said === undefined) far.write(`${line}\r\n`, 'latin1');
      else near.write(`${tag} ${said}\r\n`);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function linesOf(socket: Socket, take: (line: string) => void): void {
  let held = '';
  socket.on('data', (block: Buffer) => {
    const lines = (held + block.toString('latin1')).split('\r\n');
    held = lines.pop() ?? '';
    lines.forEach(take);
  });
}
