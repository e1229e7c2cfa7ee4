import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { posix } from 'node:path';
import { createInterface } from 'node:readline';

/** What is odd about a server. Without any of it, it is a plain one of RFC 959, without MLSD, EPSV and SIZE. */
export interface FtpKind {
  /** The reply that a command gets in the place of the usual one. */
  readonly answer?: (command: string, argument: string, files: ReadonlyMap<string, Buffer>) => string | undefined;
  /** The lines of a listing. Default: as ls prints them. */
  readonly list?: (names: readonly Listed[], command: string, argument: string) => readonly string[];
  /** Of FEAT, and the commands that come with them: SIZE, MLST. */
  readonly features?: readonly string[];
  /** Says that it has stored these, and has not. */
  readonly swallows?: (name: string) => boolean;
  /** What it takes for its own address. Default: the right one. */
  readonly address?: string;
  /** After so many bytes of an upload, once, the session is over. */
  readonly cutAfter?: number;
}

export interface Listed {
  readonly name: string;
  readonly size: number;
  readonly isDirectory: boolean;
}

export interface FtpAnimal extends AsyncDisposable {
  readonly url: (path: string) => string;
  /** Full paths. */
  readonly files: Map<string, Buffer>;
  /** Everything that it was asked. */
  readonly asked: readonly string[];
}

/** `ls -l`, as most servers have it. */
export function unixLine({ name, size, isDirectory }: Listed): string {
  return `${isDirectory ? 'd' : '-'}rw-r--r--   1 me group ${String(size).padStart(12)} Nov 30 10:00 ${name}`;
}

/** A small server on loopback that lives in this process and keeps its files in memory. */
export async function startFtpAnimal(kind: FtpKind = {}): Promise<FtpAnimal> {
  const files = new Map<string, Buffer>();
  const directories = new Set(['/']);
  const asked: string[] = [];
  const sockets = new Set<Socket>();
  let cuts = kind.cutAfter === undefined ? 0 : 1;

  function listed(cwd: string): Listed[] {
    const inside = (path: string): boolean => path !== '/' && posix.dirname(path) === cwd;
    const names = [...files].filter(([path]) => inside(path));
    const found = names.map(([path, { length }]) => ({ name: posix.basename(path), size: length, isDirectory: false }));
    const folders = [...directories].filter(inside);
    return [...found, ...folders.map((path) => ({ name: posix.basename(path), size: 0, isDirectory: true }))];
  }

  async function serve(socket: Socket): Promise<void> {
    let cwd = '/';
    let data: Server | undefined;
    let from = '';
    const say = (text: string): unknown => socket.write(`${text}\r\n`);
    const full = (name: string): string => posix.resolve(cwd, name);
    async function channel(): Promise<Socket> {
      const server = data;
      if (server === undefined) throw new Error('no PASV');
      const early = connections.get(server);
      const [peer] = early === undefined ? ((await once(server, 'connection')) as [Socket]) : [early];
      server.close();
      return peer;
    }
    const connections = new Map<Server, Socket>();
    async function passive(): Promise<void> {
      const server = createServer((peer) => {
        sockets.add(peer.setNoDelay(true).on('error', () => undefined));
        connections.set(server, peer);
      }).listen(0, '127.0.0.1');
      data = server;
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      say(`227 Entering Passive Mode (${kind.address ?? '127,0,0,1'},${port >> 8},${port & 255})`);
    }
    async function sendOut(content: Buffer | string): Promise<void> {
      say('150 here it comes');
      const peer = await channel();
      peer.end(content);
      await once(peer, 'close');
      say('226 done');
    }
    async function store(name: string): Promise<void> {
      say('150 send');
      const peer = await channel();
      const blocks: Buffer[] = [];
      let size = 0;
      for await (const block of peer as AsyncIterable<Buffer>) {
        blocks.push(block);
        size += block.length;
        if (cuts > 0 && size > (kind.cutAfter ?? 0)) {
          cuts--;
          peer.resetAndDestroy();
          socket.resetAndDestroy();
          break;
        }
      }
      if (kind.swallows?.(name) !== true) files.set(full(name), Buffer.concat(blocks));
      say('226 stored');
    }
    async function list(command: string, argument: string): Promise<void> {
      const all = listed(argument === '' || argument.startsWith('-') ? cwd : full(argument));
      const usual = command === 'NLST' ? all.map(({ name }) => name) : all.map(unixLine);
      const lines = kind.list?.(all, command, argument) ?? usual;
      await sendOut(lines.map((line) => `${line}\r\n`).join(''));
    }
    const has = (feature: string): boolean => kind.features?.includes(feature) === true;
    const commands: Readonly<Record<string, (argument: string) => unknown>> = {
      USER: () => say('331 password'),
      PASS: () => say('230 in'),
      TYPE: () => say('200 ok'),
      NOOP: () => say('200 ok'),
      PWD: () => say(`257 "${cwd}"`),
      FEAT: () =>
        say(kind.features === undefined ? '502 what?' : `211-has:\r\n ${kind.features.join('\r\n ')}\r\n211 end`),
      CWD(name) {
        if (!directories.has(full(name))) return say('550 No such directory');
        cwd = full(name);
        return say('250 there');
      },
      MKD: (name) => say(directories.add(full(name)) && '257 made'),
      PASV: passive,
      LIST: (argument) => list('LIST', argument),
      NLST: (argument) => list('NLST', argument),
      ...(has('MLST') && { MLSD: (argument) => list('MLSD', argument) }),
      ...(has('SIZE') && {
        SIZE: (name) => say(files.has(full(name)) ? `213 ${files.get(full(name))?.length}` : '550 No such file'),
      }),
      STOR: store,
      RETR: (name) => (files.has(full(name)) ? sendOut(files.get(full(name)) ?? '') : say('550 No such file')),
      DELE: (name) => say(files.delete(full(name)) ? '250 gone' : '550 No such file'),
      RNFR(name) {
        from = full(name);
        return say(files.has(from) ? '350 to what?' : '550 No such file');
      },
      RNTO(name) {
        files.set(full(name), files.get(from) ?? Buffer.alloc(0));
        files.delete(from);
        return say('250 renamed');
      },
    };
    say('220 ready');
    for await (const line of createInterface(socket)) {
      asked.push(line);
      const [, word = '', argument = ''] = /^(\S+) ?(.*)$/.exec(line) ?? [];
      const command = word.toUpperCase();
      const odd = kind.answer?.(command, argument, files);
      if (odd !== undefined) say(odd);
      else if (Object.hasOwn(commands, command)) await commands[command]?.(argument);
      else say('502 Command not implemented');
    }
  }

  const server = createServer((socket) => {
    sockets.add(socket.setNoDelay(true).on('error', () => undefined));
    serve(socket).catch(() => socket.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: (path) => `ftp://me:hush@127.0.0.1:${port}/${path}`,
    files,
    asked,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
