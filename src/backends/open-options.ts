import type { Emit } from '../events/events.ts';
import type { Secret } from '../util/secret.ts';
import type { AzureSettings } from './azure/settings.ts';
import type { Backend } from './backend.ts';
import type { B2Settings } from './b2/settings.ts';
import type { S3Settings } from './s3/settings.ts';
import type { SwiftSettings } from './swift/settings.ts';

/** What a driver may use besides the URL. */
export interface OpenOptions {
  /** Ends a connect or login that hangs. */
  readonly signal: AbortSignal;
  /** What the command line says to drivers; without it their defaults hold. */
  readonly settings?: DriverOptions;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly emit?: Emit;
  /**
   * False for a run that stores nothing: a place that is not there is not made, and `list` says so by BACKEND_NOT_FOUND. By
   * default it is made, by `open` or by the first `put`, and `list` shows an empty one.
   */
  readonly makesPlace?: boolean;
  /** Asks on the terminal for what `variable` (default: FTP_PASSWORD) would have held; throws where there is none. */
  readonly askPassword?: (prompt: string, variable?: 'FTP_PASSWORD' | 'IMAP_PASSWORD') => Promise<Secret>;
  /** undefined where nobody can be asked, or the input ends. */
  readonly ask?: (question: DriverQuestion) => Promise<string | undefined>;
  readonly warn?: (text: string) => void;
  /** Makes a driver keep to the rate limits; put around each one that meets the network, inside of what combines them. */
  readonly limit?: (driver: Backend) => Backend;
  /** An existing directory for temporary files. */
  readonly tempDir?: () => string;
}

/** A question to the person at the terminal. */
export interface DriverQuestion {
  readonly prompt: string;
  /** The answer shows while it is typed; a password does not. */
  readonly isVisible: boolean;
}

/** What can be said to drivers, each of which looks at its own. */
export type DriverOptions = Partial<DriverSettings & S3Settings & SwiftSettings & AzureSettings & B2Settings>;

/** The options of the command line that drivers look at, as `cli/settings.ts` names them. */
export interface DriverSettings {
  /** Seconds of silence after which a connection counts as lost; 0: never. */
  readonly timeout: number;
  readonly ftpPassive: boolean;
  readonly sslCacertFile: string | undefined;
  readonly sslCacertPath: string | undefined;
  readonly sslNoCheckCertificate: boolean;
  readonly webdavHeaders: string | undefined;
  /** The retries that `multi` makes for each of its stores; seconds. */
  readonly numRetries: number;
  readonly backendRetryDelay: number;
  readonly imapMailbox: string;
  readonly imapFullAddress: boolean;
  readonly par2Redundancy: number;
  readonly par2Volumes: number;
  readonly par2Options: string;
  readonly sshOptions: string;
  readonly sshAskpass: boolean;
  readonly rsyncOptions: string;
  /** Bytes per second, whole KiB, for all transfers of a run together; 0: no limit. */
  readonly limitUpload: number;
  readonly limitDownload: number;
}

const DEFAULT_TIMEOUT_S = 30;

export function timeoutMs({ settings }: OpenOptions): number {
  return (settings?.timeout ?? DEFAULT_TIMEOUT_S) * 1000;
}

/** KiB per second in each direction, for a program that keeps to them; 0: no limit. undefined where neither is set. */
export function limitsInKib({ settings }: OpenOptions): { readonly up: number; readonly down: number } | undefined {
  const { limitUpload = 0, limitDownload = 0 } = settings ?? {};
  return limitUpload + limitDownload === 0 ? undefined : { up: limitUpload / 1024, down: limitDownload / 1024 };
}
