import { run, type RunResult } from './processes.ts';
import { tempDir } from './temp.ts';

/** A URL whose server refuses the connection, and what is to be said of that on standard error. */
export interface Refused {
  readonly url: string;
  readonly status: number;
  readonly stderr: string;
  readonly args?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Without it there is another sentence. */
  readonly tool?: string;
}

/** Nobody listens there. */
const HERE = '127.0.0.1:1';
const ORIGIN = `http://${HERE}`;
const REFUSED = 'the server refuses the connection (ECONNREFUSED)\n';
const after = (exception: string, rest: string): string => `Giving up after 1 attempts. ${exception}: ${rest}`;

const AWS = { AWS_ACCESS_KEY_ID: 'a', AWS_SECRET_ACCESS_KEY: 'b' };
const SWIFT = { SWIFT_AUTHURL: `${ORIGIN}/v1`, SWIFT_USERNAME: 'u', SWIFT_PASSWORD: 'p' };
const PCA = {
  PCA_AUTHURL: `${ORIGIN}/v2.0`,
  PCA_USERNAME: 'u',
  PCA_PASSWORD: 'p',
  PCA_TENANTNAME: 't',
};
const AZURE = `DefaultEndpointsProtocol=http;AccountName=a;AccountKey=Zm9v;BlobEndpoint=${ORIGIN}/a`;

/** Each driver that needs a library of its own. */
export const WITH_LIBRARY: readonly Refused[] = [
  {
    url: `sftp://me@${HERE}/x`,
    status: 50,
    stderr: after('BackendException', `Cannot connect to me@${HERE}: connect ECONNREFUSED ${HERE} (ECONNREFUSED)\n`),
  },
  {
    url: `ftp://me@${HERE}/x`,
    status: 50,
    stderr: after('BackendException', `Cannot list ftp://127.0.0.1/x: connect ECONNREFUSED ${HERE} (control socket)\n`),
  },
  {
    url: `webdav://me@${HERE}/x`,
    status: 50,
    stderr: after('BackendException', `Cannot list webdav://127.0.0.1/x: connect ECONNREFUSED ${HERE}\n`),
  },
  {
    url: 's3://bucket/x',
    args: ['--s3-endpoint-url', ORIGIN],
    env: AWS,
    status: 50,
    stderr: after('EndpointConnectionError', `Cannot open the bucket bucket at ${ORIGIN}: ${REFUSED}`),
  },
  {
    url: 'azure://box',
    env: { AZURE_CONNECTION_STRING: AZURE },
    status: 38,
    stderr: after('BackendException', `Connection failed: Cannot open the container box: ${REFUSED}`),
  },
  {
    url: `imap://me:p@${HERE}/x`,
    status: 50,
    stderr: after('BackendException', `Cannot list INBOX of 127.0.0.1: connect ECONNREFUSED ${HERE}\n`),
  },
];

/** The others. */
export const WITHOUT_LIBRARY: readonly Refused[] = [
  {
    url: `rsync://me@${HERE}::m/x`,
    status: 50,
    tool: 'rsync',
    stderr: after(
      'BackendException',
      'Cannot list 127.0.0.1::m/x/: rsync: [Receiver] failed to connect to 127.0.0.1 (127.0.0.1): Connection refused (111) (rsync status 10)\n',
    ),
  },
  {
    url: 'gs://bucket/x',
    args: ['--s3-endpoint-url', ORIGIN],
    env: AWS,
    status: 50,
    stderr: after('EndpointConnectionError', `Cannot open the bucket bucket at ${ORIGIN}: ${REFUSED}`),
  },
  {
    url: 'swift://box',
    env: SWIFT,
    status: 50,
    stderr: after('ClientException', `Cannot open the container box: ${REFUSED}`),
  },
  {
    url: 'pca://box',
    env: PCA,
    status: 50,
    stderr: after('ClientException', `Cannot open the container box: ${REFUSED}`),
  },
  {
    url: 'b2://id@bucket/x',
    env: { B2_API_URL: ORIGIN },
    status: 50,
    stderr: after('B2ConnectionError', `Cannot log in at ${ORIGIN}: ${REFUSED}`),
  },
  {
    url: 'dpbx:///x',
    env: { DPBX_ACCESS_TOKEN: 't', https_proxy: ORIGIN },
    status: 50,
    stderr: after('ConnectionError', `Cannot list /x: ${REFUSED}`),
  },
  {
    url: 'gdocs://me@box/x',
    status: 23,
    stderr:
      'UnsupportedBackendScheme: Google Drive is not reached directly: gdocs://me@box/x\nUse rclone://drive:DIRECTORY after setting the remote up once with "rclone config create drive drive".\n',
  },
  {
    url: 'rclone://nowhere:/x',
    tool: 'rclone',
    status: 50,
    stderr:
      'Cannot open nowhere:x: rclone says: didn\'t find section in config file\nSet the remote up with "rclone config"; RCLONE_CONFIG names another configuration file.\n',
  },
];

/** Asks for what lies at the URL, by these words: standard error and exit status. */
export async function askedFor(
  words: readonly string[],
  { url, args = [], env = {} }: Refused,
  more: Readonly<Record<string, string>> = {},
): Promise<Pick<RunResult, 'stderr' | 'status'>> {
  const [program = '', ...before] = words;
  const asked = ['collection-status', '--num-retries', '1', '--timeout', '20', ...args, url];
  const { status, stderr } = await run(program, [...before, ...asked], {
    env: { PASSPHRASE: 'x', FTP_PASSWORD: 'p', ...env, ...more },
    home: tempDir(),
  });
  return { stderr, status };
}
