import { type GpgSettings, isSymmetric } from '../settings.ts';

/** Descriptors of the gpg process beyond stdin and stdout. Its log goes to stderr, so that nothing it says is lost. */
export const PASSPHRASE_FD = 3;
export const STATUS_FD = 4;
const LOG_FD = 2;

export interface GpgVersion {
  readonly major: number;
  readonly minor: number;
}

/** Stands for every version since 2014: all that take the same words. */
export const RECENT: GpgVersion = { major: 2, minor: 1 };

export function isRecent({ major, minor }: GpgVersion): boolean {
  return major > RECENT.major || (major === RECENT.major && minor >= RECENT.minor);
}

/**
 * gpg reads plaintext on stdin and writes the file to stdout. Source: docs/format/encryption.md; the union of
 * 0.8.22 and 3.0.1: MDC always, no compression where asked for.
 */
export function encryptArguments(settings: GpgSettings, version: GpgVersion): string[] {
  const symmetric = isSymmetric(settings);
  return [
    ...channels(settings),
    ...(settings.signKey === undefined ? [] : ['--default-key', settings.signKey]),
    ...settings.recipients.flatMap((key) => ['--recipient', key]),
    ...settings.hiddenRecipients.flatMap((key) => ['--hidden-recipient', key]),
    ...common(settings, version),
    ...(settings.compression ? [] : ['--compress-algo=none']),
    ...settings.options,
    ...(settings.compressionLevel === undefined ? [] : [`--compress-level=${settings.compressionLevel}`]),
    '--force-mdc',
    ...(settings.signKey === undefined ? [] : ['--sign']),
    symmetric ? '--symmetric' : '--encrypt',
  ];
}

/**
 * gpg encrypts its stdin for the recipients and for a passphrase; nothing is signed. `mayChoose` asks for the compression
 * that is cheapest here, if all recipients understand it: the check sum of ZLIB costs more than that of the encryption.
 */
export function recipientsArguments(settings: GpgSettings, version: GpgVersion, mayChoose: boolean): string[] {
  return [
    ...channels({ ...settings, useAgent: false }),
    ...settings.recipients.flatMap((key) => ['--recipient', key]),
    ...settings.hiddenRecipients.flatMap((key) => ['--hidden-recipient', key]),
    ...common({ ...settings, useAgent: false }, version),
    ...(mayChoose ? ['--personal-compress-preferences', 'Z1 Z2 Z0'] : []),
    ...(settings.compression ? [] : ['--compress-algo=none']),
    ...settings.options,
    '--force-mdc',
    // The passphrase is random: stretching it would cost time only.
    '--s2k-mode=1',
    '--encrypt',
    '--symmetric',
  ];
}

/** gpg reads data on stdin and writes their signature to stdout. */
export function signArguments(settings: GpgSettings, version: GpgVersion): string[] {
  return [
    ...channels(settings),
    ...(settings.signKey === undefined ? [] : ['--default-key', settings.signKey]),
    ...common(settings, version),
    ...settings.options,
    '--detach-sign',
  ];
}

/** gpg reads the file on stdin and writes plaintext to stdout. */
export function decryptArguments(settings: GpgSettings, version: GpgVersion): string[] {
  return [...reading(settings, version), '--decrypt'];
}

/** gpg reads the beginning of a message on stdin and tells the key its data are encrypted with. */
export function sessionKeyArguments(settings: GpgSettings, version: GpgVersion): string[] {
  return [...reading(settings, version), '--show-session-key', '--decrypt'];
}

/** gpg reads a signed message on stdin and judges it. */
export function verifyArguments(settings: GpgSettings, version: GpgVersion): string[] {
  return [...reading(settings, version), '--verify'];
}

function reading(settings: GpgSettings, version: GpgVersion): string[] {
  return [...channels(settings), ...common(settings, version), ...settings.options];
}

function channels(settings: GpgSettings): string[] {
  return [
    ...(settings.useAgent ? [] : ['--passphrase-fd', `${PASSPHRASE_FD}`]),
    '--status-fd',
    `${STATUS_FD}`,
    '--logger-fd',
    `${LOG_FD}`,
    '--batch',
    '--no-tty',
  ];
}

function common(settings: GpgSettings, version: GpgVersion): string[] {
  return [
    '--no-secmem-warning',
    '--ignore-mdc-error',
    ...(settings.useAgent && version.major < 2 ? ['--use-agent'] : []),
    ...(!settings.useAgent && isRecent(version) ? ['--pinentry-mode=loopback'] : []),
  ];
}
