import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { OpenOptions } from '../../src/backends/open-options.ts';
import { openBackend } from '../../src/backends/registry.ts';
import { parseUrl } from '../../src/backends/url/url.ts';
import type { Target } from '../target.ts';

// What stores answer over HTTP, read by their drivers: the input is the body of the answer.

/** Says of a request what is canned; undefined: the input. */
type Canned = (request: IncomingMessage) => { readonly status?: number; readonly body?: string } | undefined;

interface Place {
  readonly url: string;
  readonly env?: OpenOptions['env'];
  readonly settings?: OpenOptions['settings'];
  readonly canned: Canned;
  /** Of the answer with the input. */
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

let server: Server | undefined;
let answer: (request: IncomingMessage, response: ServerResponse) => void = () => undefined;

async function port(): Promise<number> {
  if (server === undefined) {
    const made = createServer((request, response) => answer(request, response));
    await new Promise<void>((resolve) => void made.listen(0, '127.0.0.1', resolve));
    made.unref();
    server = made;
  }
  return (server.address() as AddressInfo).port;
}

/** Opens the place and lists it. */
async function list(input: Buffer, placeAt: (origin: string, host: string) => Place): Promise<void> {
  const host = `127.0.0.1:${await port()}`;
  const place = placeAt(`http://${host}`, host);
  answer = (request, response) => {
    request.resume();
    const { status = 200, body = input } = place.canned(request) ?? { status: place.status ?? 200 };
    response.writeHead(status, { ...place.headers, 'content-length': Buffer.byteLength(body) });
    response.end(request.method === 'HEAD' ? undefined : body);
  };
  const signal = new AbortController().signal;
  const settings = { numRetries: 1, backendRetryDelay: 0, timeout: 5, ...place.settings };
  await using backend = await openBackend(parseUrl(place.url), { signal, env: place.env ?? {}, settings });
  for await (const file of backend.list({ signal })) {
    if (typeof file.name !== 'string') throw new Error(`a name is ${JSON.stringify(file.name)}`);
    const { size = 0 } = file;
    if (typeof size !== 'number' || Number.isNaN(size)) throw new Error(`a size is ${JSON.stringify(size)}`);
  }
}

const isListing = ({ url = '' }: IncomingMessage): boolean => /[?&](list-type|restype|format|comp)=/.test(url);

const swift = (origin: string): Place => ({
  url: 'swift://container/prefix',
  env: { SWIFT_PREAUTHURL: `${origin}/v1/A`, SWIFT_PREAUTHTOKEN: 't' },
  canned: (request) => (isListing(request) ? undefined : { status: 204, body: '' }),
});

const swiftLogin =
  (version: number) =>
  (origin: string): Place => ({
    url: 'swift://container/prefix',
    env: {
      SWIFT_AUTHURL: `${origin}/auth`,
      SWIFT_USERNAME: 'u',
      SWIFT_PASSWORD: 'p',
      SWIFT_AUTHVERSION: String(version),
    },
    headers: { 'x-subject-token': 't' },
    canned: ({ url = '' }) => (url.startsWith('/auth') ? undefined : { status: 200, body: '[]' }),
  });

const GRANT = (origin: string): string =>
  JSON.stringify({
    accountId: 'a', apiUrl: origin, downloadUrl: origin, authorizationToken: 't', recommendedPartSize: 1e8,
    allowed: { bucketId: 'i', bucketName: 'bucket', namePrefix: null },
  }); // prettier-ignore

const b2 =
  (step: RegExp, status = 200) =>
  (origin: string): Place => ({
    url: 'b2://id:key@bucket/dir',
    env: { B2_API_URL: origin },
    status,
    canned: ({ url = '' }) => {
      if (step.test(url)) return undefined;
      if (url.includes('authorize')) return { body: GRANT(origin) };
      return {
        body: url.includes('list_buckets') ? '{"buckets":[{"bucketName":"bucket","bucketId":"i"}]}' : '{"files":[]}',
      };
    },
  });

const dav = (_origin: string, host: string): Place => ({
  url: `webdav://u:p@${host}/dir`,
  status: 207,
  canned: ({ headers }) =>
    headers['depth'] === '0' ? { status: 207, body: '<multistatus xmlns="DAV:"></multistatus>' } : undefined,
});

const s3 =
  (status: number) =>
  (origin: string): Place => ({
    url: 's3://bucket/dir',
    env: { AWS_ACCESS_KEY_ID: 'k', AWS_SECRET_ACCESS_KEY: 's' },
    settings: { s3EndpointUrl: origin, s3RegionName: 'r' },
    status,
    canned: (request) => (isListing(request) ? undefined : { body: '' }),
  });

const azure =
  (status: number) =>
  (origin: string): Place => ({
    url: 'azure://container',
    env: {
      AZURE_CONNECTION_STRING: `DefaultEndpointsProtocol=http;AccountName=a;AccountKey=a2V5;BlobEndpoint=${origin}/a;`,
    },
    status,
    canned: ({ url = '' }) => (url.includes('comp=list') ? undefined : { body: '' }),
  });

const JSON_WORDS = [
  'null',
  '[]',
  '{}',
  '"name"',
  '"bytes"',
  '"files"',
  '"fileName"',
  '"action"',
  '"upload"',
  '"nextFileName"',
  '"contentLength"',
  '1e999',
  '__proto__',
  '""',
  'true',
];

const target = (name: string, place: (origin: string, host: string) => Place, seeds: readonly string[], words: readonly string[] = JSON_WORDS): Target => ({
  name, words, seeds: () => seeds, most: 8192, read: (input) => list(input, place),
}); // prettier-ignore

/** Below what is looked at as a header. */
const SLASHES = '/'.repeat(200_000);
const S3_LIST =
  '<?xml version="1.0"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>bucket</Name><Prefix>dir/</Prefix><IsTruncated>false</IsTruncated><Contents><Key>dir/a</Key><Size>3</Size><ETag>&quot;00&quot;</ETag></Contents></ListBucketResult>';
const AZURE_LIST =
  '<?xml version="1.0"?><EnumerationResults ServiceEndpoint="x" ContainerName="container"><Blobs><Blob><Name>a</Name><Properties><Content-Length>3</Content-Length></Properties></Blob></Blobs><NextMarker/></EnumerationResults>';
const XML_WORDS = [
  '<Key>',
  '</Key>',
  '<Size>',
  '<IsTruncated>true</IsTruncated>',
  '<NextContinuationToken>',
  '<NextMarker>x</NextMarker>',
  '<Contents>',
  '</Contents>',
  '<Blob>',
  '</Blob>',
  '&lt;',
  '&#65;',
  '<![CDATA[',
  '<Error><Code>NoSuchBucket</Code></Error>',
  '<!DOCTYPE a>',
];

export const PLACES: readonly Target[] = [
  target('swift-list', swift, ['[{"name":"prefix/a","bytes":3},{"subdir":"x"}]', '[]', '[{"name":"a"}]', '[null]']),
  target(
    'swift-login-2',
    swiftLogin(2),
    [
      '{"access":{"token":{"id":"t"},"serviceCatalog":[{"type":"object-store","endpoints":[{"publicURL":"http://127.0.0.1:1/v1","region":"r"}]}]}}',
      `{"access":{"token":{"id":"t"},"serviceCatalog":[{"type":"object-store","endpoints":[{"publicURL":"http://127.0.0.1:1${SLASHES}x"}]}]}}`,
    ],
    ['"access"', '"token"', '"serviceCatalog"', '"endpoints"', '"object-store"', ...JSON_WORDS],
  ),
  target(
    'swift-login-3',
    swiftLogin(3),
    [
      '{"token":{"catalog":[{"type":"object-store","endpoints":[{"interface":"public","url":"http://127.0.0.1:1/v1","region":"r"}]}]}}',
    ],
    ['"catalog"', '"endpoints"', '"interface"', '"public"', '"url"', ...JSON_WORDS],
  ),
  target('b2-list', b2(/list_file_names/), [
    '{"files":[{"fileName":"dir/a","contentLength":3,"action":"upload"}],"nextFileName":null}',
    '{"files":[],"nextFileName":"dir/b"}',
  ]),
  target(
    'b2-login',
    b2(/authorize/),
    [GRANT('http://127.0.0.1:1')],
    ['"allowed"', '"apiUrl"', '"bucketId"', ...JSON_WORDS],
  ),
  target(
    'b2-refusal',
    b2(/list_file_names/, 400),
    ['{"status":400,"code":"bad_request","message":"no"}'],
    ['"code"', '"message"', '"status"', ...JSON_WORDS],
  ),
  target(
    'webdav-answer',
    dav,
    [
      '<multistatus xmlns="DAV:"><response><href>/dir/a</href><propstat><prop><getcontentlength>3</getcontentlength></prop></propstat></response></multistatus>',
    ],
    ['<href>', '</href>', '<response>', '</response>'],
  ),
  target('s3-list', s3(200), [S3_LIST], XML_WORDS),
  target('s3-refusal', s3(404), ['<Error><Code>NoSuchBucket</Code><Message>no</Message></Error>'], XML_WORDS),
  target('azure-list', azure(200), [AZURE_LIST], XML_WORDS),
  target(
    'azure-refusal',
    azure(404),
    ['<?xml version="1.0"?><Error><Code>ContainerNotFound</Code><Message>no</Message></Error>'],
    XML_WORDS,
  ),
];
