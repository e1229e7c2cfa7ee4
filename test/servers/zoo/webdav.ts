import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { posix } from 'node:path';
import { buffer } from 'node:stream/consumers';

/** What is odd about a server. Without any of it, it is a plain one of RFC 4918. */
export interface DavKind {
  /** The status that a request gets in the place of the usual answer. */
  readonly answer?: ((method: string, name: string, request: IncomingMessage) => number | undefined) | undefined;
  /** The status that a move or a copy gets that is done. */
  readonly done?: (method: 'MOVE' | 'COPY') => number | undefined;
  /** Says that it has stored these, and has not. */
  readonly swallows?: (name: string) => boolean;
  /** Says that it has moved, and has not. */
  readonly movesNothing?: boolean;
  /** What a copy comes to hold; undefined: it does not come to be. */
  readonly copies?: (content: Buffer) => Buffer | undefined;
  /** Which of the paths a PROPFIND tells of; default: as its depth says. */
  readonly tells?: (paths: readonly string[], all: readonly string[], depth: string) => readonly string[];
  /** After so many bytes of an upload, once, the connection is over. */
  readonly cutAfter?: number;
}

export interface DavAnimal extends AsyncDisposable {
  readonly origin: string;
  readonly url: (path: string) => string;
  /** Full paths, decoded; directories end in a slash and hold nothing. */
  readonly files: Map<string, Buffer>;
}

/** A small server on loopback that lives in this process, keeps its files in memory and takes anybody. */
export async function startDavAnimal(kind: DavKind = {}): Promise<DavAnimal> {
  const files = new Map<string, Buffer>([['/', Buffer.alloc(0)]]);
  let cuts = kind.cutAfter === undefined ? 0 : 1;

  function response(path: string): string {
    const href = path.split('/').map(encodeURIComponent).join('/');
    const type = path.endsWith('/') ? '<resourcetype><collection/></resourcetype>' : '<resourcetype/>';
    const size = path.endsWith('/') ? '' : `<getcontentlength>${files.get(path)?.length}</getcontentlength>`;
    const status = '<status>HTTP/1.1 200 OK</status>';
    return `<response><href>${href}</href><propstat><prop>${type}${size}</prop>${status}</propstat></response>`;
  }

  function propfind(path: string, depth: string): string {
    const below = [...files.keys()].filter((other) => other !== path && path.endsWith('/') && other.startsWith(path));
    const near = below.filter((other) => !other.slice(path.length, -1).includes('/'));
    const usual = [path, ...(depth === '0' ? [] : depth === '1' ? near : below)];
    const told = kind.tells?.(usual, [path, ...below], depth) ?? usual;
    return `<?xml version="1.0"?><multistatus xmlns="DAV:">${told.map(response).join('')}</multistatus>`;
  }

  async function body(request: IncomingMessage): Promise<Buffer | undefined> {
    if (cuts === 0) return buffer(request);
    const blocks: Buffer[] = [];
    let size = 0;
    for await (const block of request as AsyncIterable<Buffer>) {
      blocks.push(block);
      size += block.length;
      if (size <= (kind.cutAfter ?? 0)) continue;
      cuts--;
      request.destroy();
      return undefined;
    }
    return Buffer.concat(blocks);
  }

  async function serve(request: IncomingMessage, answer: ServerResponse): Promise<void> {
    const { method = '', headers } = request;
    const asked = decodeURIComponent(new URL(request.url ?? '/', 'http://h').pathname);
    const path = files.has(`${asked}/`) ? `${asked}/` : asked;
    const content = await body(request);
    if (content === undefined) return;
    const say = (status: number, text: string | Buffer = '', more = {}): unknown =>
      answer.writeHead(status, more).end(text);
    const odd = kind.answer?.(method, posix.basename(path), request);
    const isThere = files.has(path);
    if (odd !== undefined) say(odd);
    else if (method === 'PROPFIND') {
      if (isThere) say(207, propfind(path, String(headers['depth'])), { 'Content-Type': 'application/xml' });
      else say(404);
    } else if (method === 'GET' || method === 'HEAD') {
      const found = files.get(path);
      if (found === undefined) say(404);
      else say(200, method === 'GET' ? found : '', { 'Content-Length': found.length });
    } else if (method === 'MKCOL') {
      const parent = posix.dirname(path.replace(/\/$/, '')).replace(/([^/])$/, '$1/');
      if (isThere || !files.has(parent)) say(isThere ? 405 : 409);
      else say(files.set(path.replace(/\/*$/, '/'), Buffer.alloc(0)) && 201);
    } else if (method === 'PUT') {
      if (kind.swallows?.(posix.basename(path)) !== true) files.set(path, content);
      say(isThere ? 204 : 201);
    } else if (method === 'DELETE') say(files.delete(path) ? 204 : 404);
    else if (method === 'MOVE' || method === 'COPY') {
      const found = files.get(path);
      if (found === undefined) return void say(404);
      const to = decodeURIComponent(new URL(String(headers['destination'])).pathname);
      const copy = kind.copies === undefined ? found : kind.copies(found);
      if (method === 'COPY' && copy !== undefined) files.set(to, copy);
      if (method === 'MOVE' && kind.movesNothing !== true) {
        files.set(to, found);
        files.delete(path);
      }
      say(kind.done?.(method) ?? 201);
    } else say(501);
  }

  const handle = (request: IncomingMessage, answer: ServerResponse): void => {
    serve(request, answer).catch(() => answer.destroy());
  };
  const server = createServer(handle).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    origin: `http://127.0.0.1:${port}`,
    url: (path) => `webdav://127.0.0.1:${port}/${path}`,
    files,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
