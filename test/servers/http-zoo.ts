import type { HttpFault } from './http-faults.ts';

/** How a protocol says what, for animals that are the same in all. */
export interface Dialect {
  readonly put: Asked;
  readonly get: Asked;
  readonly look: Asked;
  readonly list: Asked;
  readonly absent: Answer;
  readonly denied: Answer;
  /** The body of a listing without its files. */
  readonly hide: (listing: string) => string;
  /** What servers of years ago do not know. */
  readonly old?: readonly HttpFault[];
}

type Asked = Pick<HttpFault, 'method' | 'path'>;
type Answer = Pick<HttpFault, 'status' | 'headers' | 'body'>;

const EVER = 1_000_000;

/** Ways of servers that are no model servers, as faults of a proxy in front of one that is. */
export interface Zoo {
  /** Listings show nothing for a while, and what they show is not found once. */
  lagging(listings: number): readonly HttpFault[];
  /** Takes everything and lists nothing. */
  hiding(): readonly HttpFault[];
  /** Takes everything and has nothing. */
  losing(): readonly HttpFault[];
  refusing(): readonly HttpFault[];
  /** Answers are lost, and contents are cut. */
  cutting(): readonly HttpFault[];
  readonly old: readonly HttpFault[];
}

export function zooOf({ put, get, look, list, absent, denied, hide, old = [] }: Dialect): Zoo {
  const hidden = (count: number): HttpFault => ({ ...list, count, rewrite: hide });
  return {
    old,
    lagging: (listings) => [hidden(listings), { ...get, ...absent, count: 1, each: true }],
    hiding: () => [hidden(EVER)],
    losing: () => [hidden(EVER), { ...look, ...absent, count: EVER }],
    refusing: () => [{ ...put, ...denied, count: EVER }],
    cutting: () => [
      { ...put, count: 1, loseReply: true },
      { ...get, count: 1, each: true, cutAt: 1000 },
    ],
  };
}

/** Files of backups; what stands around them is encoded in one protocol or another. */
const FILE = String.raw`duplicity-(full|inc|new)\S*$`;

const UNKNOWN = { method: 'PUT', path: /./, count: EVER, status: 501 } as const;

export const S3: Dialect = {
  old: [
    { ...UNKNOWN, header: ['x-amz-sdk-checksum-algorithm', /./] },
    { ...UNKNOWN, header: ['x-amz-trailer', /./] },
    { ...UNKNOWN, header: ['content-encoding', /aws-chunked/] },
    { ...UNKNOWN, method: 'HEAD', path: /^\/bucket\/?$/ },
  ],
  put: { method: 'PUT', path: /\/duplicity-\S*$/ },
  get: { method: 'GET', path: new RegExp(`/${FILE}`) },
  look: { method: 'HEAD', path: new RegExp(`/${FILE}`) },
  // Without the first question, which is only whether the bucket is there.
  list: { method: 'GET', path: /^\/bucket\/?\?(?!.*max-keys=1(&|$)).*list-type=2/ },
  absent: { status: 404, body: '<Error><Code>NoSuchKey</Code><Message>no</Message></Error>' },
  denied: { status: 403, body: '<Error><Code>AccessDenied</Code><Message>no</Message></Error>' },
  hide: (listing) => listing.replaceAll(/<Contents>[^]*?<\/Contents>/g, ''),
};

export const SWIFT: Dialect = {
  put: { method: 'PUT', path: /\/duplicity-\S*$/ },
  get: { method: 'GET', path: new RegExp(`/${FILE}`) },
  look: { method: 'HEAD', path: new RegExp(`/${FILE}`) },
  list: { method: 'GET', path: /^\/v1\/AUTH_test\/container\?/ },
  absent: { status: 404 },
  denied: { status: 403 },
  hide: () => '[]',
};

export const AZURE: Dialect = {
  put: { method: 'PUT', path: /\/duplicity-\S*$/ },
  get: { method: 'GET', path: new RegExp(`/${FILE}`) },
  look: { method: 'HEAD', path: new RegExp(`/${FILE}`) },
  list: { method: 'GET', path: /comp=list/ },
  absent: { status: 404, headers: { 'x-ms-error-code': 'BlobNotFound' } },
  denied: { status: 403, headers: { 'x-ms-error-code': 'AuthorizationPermissionMismatch' } },
  hide: (listing) => listing.replaceAll(/<Blob>[^]*?<\/Blob>/g, ''),
};

export const B2: Dialect = {
  put: { method: 'POST', path: /upload/ },
  get: { method: 'GET', path: new RegExp(`^/file/.*/${FILE}`) },
  look: { method: 'HEAD', path: new RegExp(`^/file/.*/${FILE}`) },
  list: { method: 'POST', path: /b2_list_file_names/ },
  absent: { status: 404, body: '{"status":404,"code":"not_found"}' },
  denied: { status: 401, body: '{"status":401,"code":"unauthorized"}' },
  hide: () => '{"files":[],"nextFileName":null}',
};

const JSON_TYPE = { 'Content-Type': 'application/json' };

export const DROPBOX: Dialect = {
  put: { method: 'POST', path: /^\/2\/files\/upload/ },
  get: { method: 'POST', path: /^\/2\/files\/download .*duplicity-/ },
  look: { method: 'POST', path: /^\/2\/files\/get_metadata/ },
  list: { method: 'POST', path: /^\/2\/files\/list_folder/ },
  absent: { status: 409, headers: JSON_TYPE, body: dropboxError('not_found') },
  denied: { status: 409, headers: JSON_TYPE, body: dropboxError('no_write_permission') },
  hide: (listing) => JSON.stringify({ ...(JSON.parse(listing) as object), entries: [] }),
};

function dropboxError(reason: string): string {
  return JSON.stringify({ error_summary: `path/${reason}/..`, error: { '.tag': 'path', path: { '.tag': reason } } });
}
