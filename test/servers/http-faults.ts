import { once } from 'node:events';
import { createServer, request as send, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';

/** What happens to the requests that match. */
export interface HttpFault {
  readonly method: string;
  /** Of the path with its query; what a header Dropbox-API-Arg says follows it after a space. */
  readonly path: RegExp;
  /** A header that has to match; one that is not there is empty. */
  readonly header?: readonly [name: string, value: RegExp];
  /** How many requests; after that they pass. */
  readonly count: number;
  /** So many for each path instead of in all. */
  readonly each?: true;
  /** Answered by the proxy, without asking the server. */
  readonly status?: number;
  /** Of the proxy's answer, or in the place of the server's. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Nobody answers, and the server is not asked. */
  readonly isSilent?: true;
  /** The server does it, and its answer is lost with the connection. */
  readonly loseReply?: true;
  /** The connection is lost after this many bytes of the answer's body. */
  readonly cutAt?: number;
  /** What becomes of the answer's body. */
  readonly rewrite?: (body: string) => string;
  /** This byte of the answer's body is changed. */
  readonly flipAt?: number;
}

export interface FaultyProxy extends AsyncDisposable {
  readonly origin: string;
  /** `PUT /bucket/name` of everything asked for, in order. */
  readonly seen: readonly string[];
  /** The header Host of each of them. */
  readonly hosts: readonly string[];
  /** Replaces all faults and forgets what was seen. */
  set(...faults: readonly HttpFault[]): void;
}

/**
 * Stands before an HTTP server on loopback; with `tls` it speaks TLS itself. Signatures stay valid: requests are passed on
 * with the header Host as it is.
 */
export async function startFaultyProxy(
  port: number,
  tls?: { readonly key: Buffer; readonly cert: Buffer },
): Promise<FaultyProxy> {
  let faults: (HttpFault & { readonly used: Map<string, number> })[] = [];
  const seen: string[] = [];
  const hosts: string[] = [];

  function faultFor({ method = '', url: target = '', headers }: IncomingMessage): HttpFault | undefined {
    const { 'dropbox-api-arg': arg } = headers;
    const url = typeof arg === 'string' ? `${target} ${arg}` : target;
    seen.push(`${method} ${url}`);
    hosts.push(headers.host ?? '');
    const concerns = ({ header: [name, value] = ['host', /./] }: HttpFault): boolean =>
      value.test(String(headers[name] ?? ''));
    for (const fault of faults) {
      const key = fault.each === true ? url : '';
      const used = fault.used.get(key) ?? 0;
      if (used >= fault.count || fault.method !== method || !fault.path.test(url) || !concerns(fault)) continue;
      fault.used.set(key, used + 1);
      return fault;
    }
    return undefined;
  }

  function serve(asked: IncomingMessage, answer: ServerResponse): void {
    const fault = faultFor(asked);
    const lose = (): void => void asked.socket.destroy();
    if (fault?.isSilent) {
      asked.resume();
      return;
    }
    if (fault?.status !== undefined) {
      asked.resume().once('end', () => answer.writeHead(fault.status ?? 500, fault.headers).end(fault.body));
      return;
    }
    const headers = { ...asked.headers };
    delete headers.expect;
    const passed = send(
      { host: '127.0.0.1', port, method: asked.method, path: asked.url, headers, agent: false },
      (got) => {
        if (fault?.loseReply) {
          got.resume().once('end', lose);
          return;
        }
        const { rewrite } = fault ?? {};
        if (rewrite !== undefined) {
          const blocks: Buffer[] = [];
          got.on('data', (block: Buffer) => blocks.push(block));
          got.once('end', () => {
            const body = Buffer.from(rewrite(Buffer.concat(blocks).toString()));
            const { 'transfer-encoding': _, ...kept } = got.headers;
            const headers = { ...kept, ...fault?.headers, 'content-length': body.length };
            answer.writeHead(got.statusCode ?? 500, headers).end(body);
          });
          return;
        }
        answer.writeHead(got.statusCode ?? 500, { ...got.headers, ...fault?.headers });
        let at = 0;
        got.on('data', (block: Buffer) => {
          const flip = (fault?.flipAt ?? -1) - at;
          if (flip >= 0 && flip < block.length) block.writeUInt8(block.readUInt8(flip) ^ 1, flip);
          at += block.length;
          if (fault?.cutAt === undefined || at < fault.cutAt) answer.write(block);
          else answer.write(block.subarray(0, block.length - (at - fault.cutAt)), lose);
        });
        got.once('end', () => answer.end());
      },
    );
    // Swift follows some answers to HEAD with a body, which is an error of HTTP, but after the answer.
    passed.on('error', () => answer.headersSent || lose());
    asked.pipe(passed);
  }

  const server = tls === undefined ? createServer(serve) : createSecureServer(tls, serve);
  server.on('checkContinue', (asked: IncomingMessage, answer: ServerResponse) => {
    answer.writeContinue();
    serve(asked, answer);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    hosts,
    set(...next) {
      faults = next.map((fault) => ({ ...fault, used: new Map<string, number>() }));
      seen.splice(0);
      hosts.splice(0);
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
