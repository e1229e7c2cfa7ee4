import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream/promises';

import { contentHashOf } from '../../src/backends/dpbx/content-hash.ts';
import { tempDir } from '../support/temp.ts';
import { makeCertificate } from './certificate.ts';
import { openAccount, RouteError, type Commit } from './dropbox-account.ts';
import { APP_KEY, APP_SECRET, openTokens } from './dropbox-tokens.ts';

/**
 * A server that follows the published description of the Dropbox HTTP API as far as backups need it; files lie in a
 * directory. That it speaks as Dropbox does is proven with the vendor's own SDK: test/backends/dropbox-sdk.test.ts.
 */
export interface DropboxServer extends AsyncDisposable {
  /** Speaks TLS with a certificate of `authority`, for 127.0.0.1 and localhost. */
  readonly port: number;
  /** The same without TLS, for a proxy before it. */
  readonly plainPort: number;
  /** A file. */
  readonly authority: string;
  readonly certificate: { readonly key: Buffer; readonly cert: Buffer };
  readonly account: ReturnType<typeof openAccount>;
  readonly tokens: ReturnType<typeof openTokens>;
}

/** Variables that lead to a server on that port. */
export function dropboxAt(port: number): Readonly<Record<string, string>> {
  const host = `127.0.0.1:${port}`;
  return { DROPBOX_API_HOST: host, DROPBOX_API_CONTENT_HOST: host, DROPBOX_WEB_HOST: host };
}

/** An app with a new refresh token. */
export function dropboxApp({ tokens }: DropboxServer): Readonly<Record<string, string>> {
  return { DPBX_APP_KEY: APP_KEY, DPBX_APP_SECRET: APP_SECRET, DPBX_REFRESH_TOKEN: tokens.refresh(false) };
}

export async function startDropbox(): Promise<DropboxServer> {
  const dir = tempDir();
  mkdirSync(`${dir}/tls`);
  const { authority, certificate, key } = makeCertificate(`${dir}/tls`);
  const pair = { key: readFileSync(key), cert: readFileSync(certificate) };
  const account = openAccount(`${dir}/files`);
  const tokens = openTokens();
  const serve = (asked: IncomingMessage, answer: ServerResponse): void => {
    respond(asked, answer).catch(() => asked.socket.destroy());
  };

  async function respond(asked: IncomingMessage, answer: ServerResponse): Promise<void> {
    const url = new URL(asked.url ?? '', 'https://localhost');
    if (url.pathname === '/oauth2/authorize') {
      const { status, text } = tokens.authorize(url.searchParams);
      return plain(answer, status, text);
    }
    const body = await wholeOf(asked);
    if (url.pathname === '/oauth2/token') {
      const { status, answer: said } = tokens.token(new URLSearchParams(body.toString()));
      return json(answer, status, said);
    }
    const name = url.pathname.replace(/^\/2\//, '');
    const route = ROUTES[name];
    if (route === undefined || asked.method !== 'POST') return plain(answer, 404, '');
    const refused = unauthorized(asked.headers.authorization, route.scope);
    if (refused !== undefined) return refused(answer);
    const given = argumentOf(asked, body, route);
    if ('wrong' in given) return plain(answer, 400, `Error in call to API function "${name}": ${given.wrong}`);
    try {
      await route.run({ arg: given.arg, body, asked, answer, account });
    } catch (error) {
      if (!(error instanceof RouteError)) throw error;
      json(answer, 409, failed(error.error));
    }
  }

  function unauthorized(header = '', scope: string): ((answer: ServerResponse) => void) | undefined {
    const token = /^Bearer (\S+)$/.exec(header)?.[1];
    if (token === undefined) {
      return (answer) => plain(answer, 400, 'Invalid authorization value in HTTP header "Authorization".');
    }
    const standing = tokens.standing(token);
    if (typeof standing === 'string') {
      return (answer) => json(answer, 401, failed({ '.tag': `${standing}_access_token` }));
    }
    if (standing.scopes.includes(scope)) return undefined;
    return (answer) => json(answer, 401, failed({ '.tag': 'missing_scope', required_scope: scope }));
  }

  const servers = [createServer(serve), createSecureServer(pair, serve)];
  for (const server of servers) {
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
  }
  const [plainPort = 0, port = 0] = servers.map((server) => (server.address() as AddressInfo).port);
  return {
    port,
    plainPort,
    authority,
    certificate: pair,
    account,
    tokens,
    async [Symbol.asyncDispose]() {
      for (const server of servers) {
        const closed = once(server, 'close');
        server.close();
        server.closeAllConnections();
        await closed;
      }
    },
  };
}

interface Asked {
  readonly arg: Arg;
  readonly body: Buffer;
  readonly asked: IncomingMessage;
  readonly answer: ServerResponse;
  readonly account: ReturnType<typeof openAccount>;
}

interface Arg {
  readonly path: string;
  readonly from_path: string;
  readonly to_path: string;
  readonly cursor: unknown;
  readonly session_id: string;
  readonly offset: number;
  readonly commit: Commit;
  readonly close?: boolean;
  readonly limit?: number;
  readonly content_hash?: string;
}

interface Route {
  readonly style: 'rpc' | 'upload' | 'download';
  readonly scope: string;
  /** Fields of the argument; those with `!` must be there. */
  readonly fields: string;
  readonly run: (request: Asked) => void | Promise<void>;
}

interface Cursor {
  readonly session_id: string;
  readonly offset: number;
}

const WRITE = 'files.content.write';
const COMMIT = 'path! mode autorename client_modified mute property_groups strict_conflict';

const ROUTES: Readonly<Record<string, Route>> = {
  'users/get_current_account': {
    style: 'rpc',
    scope: 'account_info.read',
    fields: '',
    run: ({ answer }) => json(answer, 200, ACCOUNT),
  },
  'files/upload': {
    style: 'upload',
    scope: WRITE,
    fields: `${COMMIT} content_hash`,
    run: ({ arg, body, answer, account }) => {
      checkHash(arg, body);
      json(answer, 200, account.upload(body, arg));
    },
  },
  'files/upload_session/start': {
    style: 'upload',
    scope: WRITE,
    fields: 'close session_type content_hash',
    run: ({ arg, body, answer, account }) => {
      checkHash(arg, body);
      json(answer, 200, { session_id: account.startSession(body, arg.close === true) });
    },
  },
  // The first version, which the reference speaks.
  'files/upload_session/append': {
    style: 'upload',
    scope: WRITE,
    fields: 'session_id! offset!',
    run: ({ arg, body, answer, account }) => {
      account.append(body, arg.session_id, arg.offset, false);
      json(answer, 200, null);
    },
  },
  'files/upload_session/append_v2': {
    style: 'upload',
    scope: WRITE,
    fields: 'cursor! close content_hash',
    run: ({ arg, body, answer, account }) => {
      checkHash(arg, body);
      const { session_id: id, offset } = arg.cursor as Cursor;
      account.append(body, id, offset, arg.close === true);
      json(answer, 200, null);
    },
  },
  'files/upload_session/finish': {
    style: 'upload',
    scope: WRITE,
    fields: 'cursor! commit! content_hash',
    run: ({ arg, body, answer, account }) => {
      checkHash(arg, body);
      const { session_id: id, offset } = arg.cursor as Cursor;
      json(answer, 200, account.finish(body, id, offset, arg.commit));
    },
  },
  'files/download': {
    style: 'download',
    scope: 'files.content.read',
    fields: 'path! rev',
    run: async ({ arg, asked, answer, account }) => {
      const [, from, to] = /^bytes=(\d+)-(\d+)$/.exec(asked.headers.range ?? '') ?? [];
      const told = account.metadata(arg.path);
      const size = Number(told['size']);
      const range = from === undefined ? undefined : { start: Number(from), end: Math.min(Number(to), size - 1) };
      const stream = account.read(arg.path, range);
      delete told['.tag'];
      answer.writeHead(range === undefined ? 200 : 206, {
        'Content-Type': 'application/octet-stream',
        'Content-Length': range === undefined ? size : range.end - range.start + 1,
        'Dropbox-API-Result': JSON.stringify(told).replace(/[\u007f-\uffff]/g, escaped),
        ...(range === undefined ? {} : { 'Content-Range': `bytes ${range.start}-${range.end}/${size}` }),
      });
      await pipeline(stream, answer);
    },
  },
  'files/list_folder': {
    style: 'rpc',
    scope: 'files.metadata.read',
    fields:
      'path! recursive include_media_info include_deleted include_has_explicit_shared_members include_mounted_folders' +
      ' limit shared_link include_property_groups include_non_downloadable_files',
    run: ({ arg, answer, account }) => listPage(answer, account, { folder: arg.path, limit: arg.limit, after: '' }),
  },
  'files/list_folder/continue': {
    style: 'rpc',
    scope: 'files.metadata.read',
    fields: 'cursor!',
    run: ({ arg, answer, account }) => {
      const place = JSON.parse(Buffer.from(String(arg.cursor), 'base64url').toString()) as Place;
      listPage(answer, account, place);
    },
  },
  'files/delete': {
    style: 'rpc',
    scope: WRITE,
    fields: 'path! parent_rev',
    run: ({ arg, answer, account }) => json(answer, 200, account.delete(arg.path)),
  },
  'files/delete_v2': {
    style: 'rpc',
    scope: WRITE,
    fields: 'path! parent_rev',
    run: ({ arg, answer, account }) => json(answer, 200, { metadata: account.delete(arg.path) }),
  },
  'files/copy_v2': {
    style: 'rpc',
    scope: WRITE,
    fields: 'from_path! to_path! autorename allow_shared_folder allow_ownership_transfer',
    run: ({ arg, answer, account }) => json(answer, 200, { metadata: account.copy(arg.from_path, arg.to_path) }),
  },
  'files/get_metadata': {
    style: 'rpc',
    scope: 'files.metadata.read',
    fields: 'path! include_media_info include_deleted include_has_explicit_shared_members include_property_groups',
    run: ({ arg, answer, account }) => json(answer, 200, account.metadata(arg.path)),
  },
};

interface Place {
  readonly folder: string;
  readonly limit: number | undefined;
  readonly after: string;
}

function listPage(answer: ServerResponse, account: Asked['account'], { folder, limit, after }: Place): void {
  const { entries, last, hasMore } = account.list(folder, { after, ...(limit === undefined ? {} : { limit }) });
  const next: Place = { folder, limit, after: last };
  const cursor = Buffer.from(JSON.stringify(next)).toString('base64url');
  json(answer, 200, { entries, cursor, has_more: hasMore });
}

/** The argument, or what is wrong with it; Dropbox is as strict, and answers in words. */
function argumentOf(
  { headers }: IncomingMessage,
  body: Buffer,
  { style, fields }: Route,
): { readonly arg: Arg } | { readonly wrong: string } {
  const type = headers['content-type'];
  const wanted = { rpc: 'application/json', upload: 'application/octet-stream', download: undefined }[style];
  if (fields !== '' && type !== wanted) return { wrong: `Bad HTTP "Content-Type" header: "${type}".` };
  const said = headers['dropbox-api-arg'];
  const text = style === 'rpc' ? body.toString() : typeof said === 'string' ? said : '';
  if (style !== 'rpc' && /[^\x20-\x7e]/.test(text)) return { wrong: 'HTTP header "Dropbox-API-Arg": not ASCII' };
  let arg: unknown;
  try {
    arg = JSON.parse(text);
  } catch {
    return { wrong: 'could not decode input as JSON' };
  }
  if (fields === '') return arg === null ? { arg: {} as Arg } : { wrong: 'expected null' };
  if (typeof arg !== 'object' || arg === null) return { wrong: 'expected object' };
  const known = fields.split(' ');
  for (const name of Object.keys(arg)) {
    if (!known.includes(name) && !known.includes(`${name}!`)) return { wrong: `unknown field '${name}'` };
  }
  const missing = known.find((name) => name.endsWith('!') && !(name.slice(0, -1) in arg));
  if (missing !== undefined) return { wrong: `missing required field '${missing.slice(0, -1)}'` };
  const { path, limit, commit } = arg as Partial<Arg>;
  // Listings name the root so, and nothing else may.
  const isRoot = path === '' && known.includes('recursive');
  if (path !== undefined && !isRoot && !isPath(path)) return { wrong: `path: '${path}' did not match pattern` };
  if (commit !== undefined && !isPath(commit.path)) return { wrong: `commit.path: did not match pattern` };
  if (limit !== undefined && limit !== null && (limit < 1 || limit > 2000)) return { wrong: 'limit: not within range' };
  return { arg: Object.fromEntries(Object.entries(arg).filter(([, value]) => value !== null)) as unknown as Arg };
}

function isPath(path: string): boolean {
  return /^\/[^]*[^/]$/.test(path) && !path.includes('//');
}

function checkHash({ content_hash: hash }: Arg, body: Buffer): void {
  if (hash !== undefined && hash !== contentHashOf(body)) throw new RouteError({ '.tag': 'content_hash_mismatch' });
}

function failed(error: object): object {
  const summary = JSON.stringify(error).match(/(?<="\.tag":")\w+/g) ?? [];
  return { error_summary: `${summary.join('/')}/..`, error };
}

function json(answer: ServerResponse, status: number, value: unknown): void {
  answer.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(value));
}

function plain(answer: ServerResponse, status: number, text: string): void {
  answer.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8' }).end(text);
}

function escaped(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
}

/** Throws when the client goes away before it has sent all. */
async function wholeOf(asked: IncomingMessage): Promise<Buffer> {
  const blocks: Buffer[] = [];
  for await (const block of asked as AsyncIterable<Buffer>) blocks.push(block);
  return Buffer.concat(blocks);
}

const ACCOUNT = {
  account_id: 'dbid:AAH4f99T0taONIb-OurWxbNQ6ywGRopQngc',
  name: {
    given_name: 'Franz',
    surname: 'Ferdinand',
    familiar_name: 'Franz',
    display_name: 'Franz Ferdinand',
    abbreviated_name: 'FF',
  },
  email: 'franz@example.org',
  email_verified: true,
  disabled: false,
  locale: 'en',
  referral_link: 'https://db.tt/ZITNuhtI',
  is_paired: false,
  account_type: { '.tag': 'basic' },
  root_info: { '.tag': 'user', root_namespace_id: '3235641', home_namespace_id: '3235641' },
};
