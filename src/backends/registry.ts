import { UsageError } from '../errors/errors.ts';
import type { Backend } from './backend.ts';
import type { OpenOptions } from './open-options.ts';
import { redact, type BackendUrl } from './url.ts';

interface Driver {
  readonly schemes: readonly string[];
  /** Imports the driver. `open` connects and creates the directory where that is the scheme's habit; it never retries. */
  load(): Promise<{ open(url: BackendUrl, options: OpenOptions): Promise<Backend> }>;
}

/** Every driver, imported when a URL needs it, so that a local backup pays for no client library. */
const DRIVERS: readonly Driver[] = [
  { schemes: ['file'], load: () => import('./local/local.ts') },
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
  { schemes: ['azure'], load: () => import('./azure/azure.ts') },
];

/** The bare driver for `url`; faults, retries and other policies are wrapped around it by the caller. */
export async function openBackend(given: BackendUrl, options: OpenOptions): Promise<Backend> {
  const url = withoutGio(given);
  const driver = DRIVERS.find((driver) => driver.schemes.includes(url.scheme));
  if (driver === undefined || url.wrappers.length > 0) {
    const known = DRIVERS.flatMap((driver) => driver.schemes).map((scheme) => `${scheme}://`);
    throw new UsageError(
      'USER_ERROR',
      `UnsupportedBackendScheme: scheme not supported in url: ${redact(url.original.reveal())}`,
      {
        exception: 'UnsupportedBackendScheme',
        hint: `Use one of these schemes: ${known.join(', ')}.`,
      },
    );
  }
  const loaded = await driver.load();
  return loaded.open(url, options);
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
