import { UsageError } from '../errors/errors.ts';
import type { Backend } from './backend.ts';
import { redact, type BackendUrl } from './url.ts';

/** What a driver may use besides the URL. */
export interface OpenOptions {
  /** Ends a connect or login that hangs. */
  readonly signal: AbortSignal;
}

interface Driver {
  readonly schemes: readonly string[];
  /** Imports the driver. `open` connects and creates the directory where that is the scheme's habit; it never retries. */
  load(): Promise<{ open(url: BackendUrl, options: OpenOptions): Promise<Backend> }>;
}

/** Every driver, imported when a URL needs it, so that a local backup pays for no client library. */
const DRIVERS: readonly Driver[] = [{ schemes: ['file'], load: () => import('./local/local.ts') }];

/** The bare driver for `url`; faults, retries and other policies are wrapped around it by the caller. */
export async function openBackend(url: BackendUrl, options: OpenOptions): Promise<Backend> {
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
