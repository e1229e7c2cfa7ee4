import type { Secret } from '../../util/secret.ts';

/** How gpg is run for one set of files. */
export interface GpgSettings {
  /** Name or path of the program. */
  readonly binary: string;
  /** The words of `--gpg-options`, added to every call. */
  readonly options: readonly string[];
  /** Anything gpg takes as a user id. With none, hidden or not, encryption is symmetric. */
  readonly recipients: readonly string[];
  /** Recipients whose key id is not written into the file. */
  readonly hiddenRecipients: readonly string[];
  readonly signKey?: string;
  /** Leave passphrases to gpg-agent: none is handed over. */
  readonly useAgent: boolean;
  /** Of symmetric encryption, or of the secret key when reading. Absent counts as empty. */
  readonly passphrase?: Secret;
  /** Of the signing key. */
  readonly signPassphrase?: Secret;
  /** false: the tar is encrypted as it is. */
  readonly compression: boolean;
  /** zlib's, 0 (not at all) to 9; default by the kind of encryption. */
  readonly compressionLevel?: number;
  /** Environment gpg gets, less what it must not see; default the one of this process. */
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** The words of `--gpg-options`: split on blanks, without quoting, as the reference does. */
export function gpgOptionWords(text: string): string[] {
  return text.split(/\s+/).filter((word) => word !== '');
}

export function isSymmetric(settings: Pick<GpgSettings, 'recipients' | 'hiddenRecipients'>): boolean {
  return settings.recipients.length === 0 && settings.hiddenRecipients.length === 0;
}

/** What goes through the passphrase descriptor when writing. Signing and symmetric encryption share it. */
export function encryptionSecret(settings: GpgSettings): Secret | undefined {
  const { passphrase, signPassphrase, signKey } = settings;
  if (signKey === undefined) return passphrase;
  if (!isSymmetric(settings)) return signPassphrase ?? passphrase;
  return passphrase?.isEmpty === false ? passphrase : signPassphrase;
}
