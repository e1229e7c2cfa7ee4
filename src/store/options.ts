import type { DriverOptions } from '../backends/open-options.ts';
import { UsageError } from '../errors/errors.ts';
import type { Encoding } from '../repository/keys.ts';
import type { EpochSeconds } from '../util/time.ts';
import type { StoreEvent } from './events.ts';
import type { PassphraseCallback } from './secrets.ts';

/** How a store is opened. Nothing is taken from the environment of the process, its directory or its standard input. */
export interface StoreOptions {
  /**
   * Directory for the local metadata of this store; made when it is not there. Each store needs its own, and keeps it: it
   * lets an interrupted backup go on, and saves fetching. That of the command line is `~/.cache/duplicity/HASH`, where HASH
   * is the MD5 of the URL.
   */
  readonly archiveDir: string;
  /** Where temporary files go; by default `/tmp`, else `/var/tmp`. */
  readonly tempDir?: string | undefined;
  /** For symmetric encryption, or for the secret key. Asked for when first needed, and once. */
  readonly passphrase?: PassphraseCallback | undefined;
  /** For the key that signs; by default `passphrase`. */
  readonly signPassphrase?: PassphraseCallback | undefined;
  /** To whom backups are encrypted, and by whom signed; by default with the passphrase alone, unsigned. */
  readonly keys?: StoreKeys | undefined;
  /** False: what is written is compressed, not encrypted. By default it is encrypted. */
  readonly encryption?: boolean | undefined;
  /** False: what is written without encryption is not compressed either. */
  readonly compression?: boolean | undefined;
  /** 0 to 9; by default what is best for the kind of encryption. */
  readonly compressionLevel?: number | undefined;
  /**
   * What drivers of stores and the programs they start may see of an environment: credentials such as `FTP_PASSWORD` or
   * `AWS_ACCESS_KEY_ID`, and `HOME` and `PATH` for gpg, ssh and rclone. By default nothing. `PASSPHRASE` and
   * `SIGN_PASSPHRASE` in it do not count. `process.env` gives what the command line uses.
   */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Options of drivers, under the names of the command line's: `timeout` in seconds, `s3RegionName`, `sshOptions`, … */
  readonly driver?: DriverOptions | undefined;
  /** How often each storage operation is tried; by default 5. */
  readonly tries?: number | undefined;
  /** Between two tries; by default 30. */
  readonly retryDelaySeconds?: number | undefined;
  /** Bytes per second for all transfers of the store together; by default without limit. */
  readonly limitUpload?: number | undefined;
  readonly limitDownload?: number | undefined;
  /** What all names of files in the store begin with. */
  readonly filePrefix?: string | undefined;
  /** What is noted of sets made and removed is kept at the store as well, for other machines. Needs no key. */
  readonly sharesLedger?: boolean | undefined;
  /** Calls end with TURNED_BACK, before they write, when the store is not as it was left. By default that is a warning. */
  readonly refusesTurnedBack?: boolean | undefined;
  /** Ends whatever the store does at the time, with the reason of the signal. A backup that is ended so can go on later. */
  readonly signal?: AbortSignal | undefined;
  /** Hears what happens: warnings, files, progress. It is called in the middle of things and is to be quick. */
  readonly on?: ((event: StoreEvent) => void) | undefined;
}

/** Keys of the user's gpg. */
export interface StoreKeys {
  /** Key ids or mail addresses that backups are encrypted to. */
  readonly encryptTo?: readonly string[] | undefined;
  /** The same, without naming them in the files. */
  readonly hiddenEncryptTo?: readonly string[] | undefined;
  /** The key that signs. Reading then takes only what it has signed. */
  readonly signWith?: string | undefined;
  /** Passphrases are left to gpg-agent. */
  readonly useAgent?: boolean | undefined;
  /** The program; by default `gpg`. */
  readonly gpgBinary?: string | undefined;
  /** Further words to it. */
  readonly gpgOptions?: readonly string[] | undefined;
}

/** What every call takes. */
export interface CallOptions {
  /** Ends this call; see `StoreOptions.signal`. */
  readonly signal?: AbortSignal | undefined;
}

/** Which state is meant: a `Date` or seconds since 1970; the newest backup that is not after it. By default the newest. */
export type TimeInput = Date | EpochSeconds;

export function secondsOf(time: TimeInput): EpochSeconds;
export function secondsOf(time: TimeInput | undefined): EpochSeconds | undefined;
export function secondsOf(time: TimeInput | undefined): EpochSeconds | undefined {
  const seconds = time instanceof Date ? time.getTime() / 1000 : time;
  if (seconds === undefined || Number.isFinite(seconds)) return seconds;
  throw new UsageError('USER_ERROR', `${String(time)} is no time.`, { hint: 'Give a Date, or seconds since 1970.' });
}

export function encodingFor({
  keys = {},
  encryption = true,
  compression = true,
  compressionLevel,
}: StoreOptions): Encoding {
  return {
    encryption,
    compression,
    compressionLevel,
    recipients: keys.encryptTo ?? [],
    hiddenRecipients: keys.hiddenEncryptTo ?? [],
    signKey: keys.signWith,
    useAgent: keys.useAgent ?? false,
    gpgBinary: keys.gpgBinary ?? 'gpg',
    gpgOptions: keys.gpgOptions ?? [],
  };
}
