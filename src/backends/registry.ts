import { UsageError } from '../errors/errors.ts';
import type { Backend } from './backend.ts';
import { elsewhere } from './url/elsewhere.ts';
import type { OpenOptions } from './open-options.ts';
import { refuseCutOff } from './url/cut-off.ts';
import { redact, type BackendUrl } from './url/url.ts';

interface Driver {
  readonly schemes: readonly string[];
  /** What stands behind a `?` means something to it. */
  readonly takesQuery?: true;
  /** Imports the driver. `open` connects and, for what stores, creates the directory; it never retries. */
  load(): Promise<{ open(url: BackendUrl, options: OpenOptions): Promise<Backend> }>;
}

/** Every driver, imported when a URL needs it, so that a local backup pays for no client library. */
const DRIVERS: readonly Driver[] = [
  { schemes: ['file'], load: () => import('./local/local.ts') },
  {
    schemes: 'sftp scp ssh paramiko+sftp paramiko+scp pexpect+sftp pexpect+scp fish lftp+fish lftp+sftp'.split(' '),
    load: () => import('./sftp/sftp.ts'),
  },
  { schemes: ['rsync'], load: () => import('./rsync/rsync.ts') },
  {
    schemes: ['ftp', 'ftps', 'ftpes', 'lftp+ftp', 'lftp+ftps', 'lftp+ftpes', 'ncftp+ftp'],
    load: () => import('./ftp/ftp.ts'),
  },
  {
    schemes: ['webdav', 'webdavs', 'http', 'https', 'lftp+webdav', 'lftp+webdavs', 'lftp+http', 'lftp+https'],
    load: () => import('./webdav/webdav.ts'),
  },
  { schemes: ['s3', 'boto3+s3', 'boto+s3', 's3+http', 'gs'], load: () => import('./s3/s3.ts') },
  { schemes: ['swift'], load: () => import('./swift/swift.ts') },
  { schemes: ['pca'], load: () => import('./pca/pca.ts') },
  { schemes: ['b2'], load: () => import('./b2/b2.ts') },
  { schemes: ['azure'], load: () => import('./azure/azure.ts') },
  { schemes: ['imap', 'imaps'], load: () => import('./imap/imap.ts') },
  { schemes: ['dpbx'], load: () => import('./dpbx/dpbx.ts') },
  { schemes: ['rclone'], load: () => import('./rclone/rclone.ts') },
  {
    schemes: ['multi'],
    takesQuery: true,
    load: async () => {
      const { openMulti } = await import('./multi/multi.ts');
      return { open: (url, options) => openMulti(url, options, openBackend) };
    },
  },
];

/** Every scheme that has a driver. */
export function knownSchemes(): readonly string[] {
  return DRIVERS.flatMap((driver) => driver.schemes);
}

/** The driver for `url` in its prefixes; faults, retries and other policies are wrapped around it by the caller. */
export async function openBackend(given: BackendUrl, options: OpenOptions): Promise<Backend> {
  const url = withoutGio(given);
  const known = DRIVERS.find(({ schemes }) => schemes.includes(url.scheme));
  if (known === undefined) throw unsupported(url);
  refuseCutOff(url, known.takesQuery === true);
  const loaded = await known.load();
  const driver = await loaded.open(url, options);
  const backend = options.limit?.(driver) ?? driver;
  if (url.wrappers.length === 0) return backend;
  const { openPar2 } = await import('./par2/par2.ts');
  return openPar2(backend, options);
}

function unsupported(url: BackendUrl): UsageError {
  const instead = elsewhere(url.scheme);
  const shown = redact(url.original.reveal());
  if (instead === undefined) {
    return new UsageError('USER_ERROR', `UnsupportedBackendScheme: scheme not supported in url: ${shown}`, {
      exception: 'UnsupportedBackendScheme',
      hint: `Use one of these schemes: ${knownSchemes()
        .map((scheme) => `${scheme}://`)
        .join(', ')}.`,
    });
  }
  const message = `UnsupportedBackendScheme: ${instead.service} is not reached directly: ${shown}`;
  return new UsageError('USER_ERROR', message, { exception: 'UnsupportedBackendScheme', hint: instead.advice });
}

/**
 * `gio+file:///dir` is `file:///dir`: deja-dup writes all its local folders so. What GIO would have to mount is refused
 * (40, the reference's code where it has no GIO), and so is a host, which GIO ignores and `file` takes for a directory.
 */
function withoutGio(url: BackendUrl): BackendUrl {
  if (url.wrappers.at(-1) !== 'gio') return url;
  if (url.scheme === 'file' && url.path.startsWith('///')) return { ...url, wrappers: url.wrappers.slice(0, -1) };
  throw new UsageError(
    'GIO_NOT_AVAILABLE',
    `${redact(url.original.reveal())} needs GIO, which is not available: gio+ works with gio+file:///absolute/directory only.`,
    { hint: 'Mount the place and name the directory where it is mounted.' },
  );
}
