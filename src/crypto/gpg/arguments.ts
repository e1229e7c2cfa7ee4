import { type GpgSettings, isSymmetric } from './settings.ts';

/** Descriptors of the gpg process beyond stdin and stdout. Its log goes to stderr, so that nothing it says is lost. */
export const PASSPHRASE_FD = 3;
export const STATUS_FD = 4;
const LOG_FD = 2;

export interface GpgVersion {
  readonly major: number;
  readonly minor: number;
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
    '--force-mdc',
    ...(settings.signKey === undefined ? [] : ['--sign']),
    symmetric ? '--symmetric' : '--encrypt',
  ];
}

/** gpg reads the file on stdin and writes plaintext to stdout. */
export function decryptArguments(settings: GpgSettings, version: GpgVersion): string[] {
  return [...channels(settings), ...common(settings, version), ...settings.options, '--decrypt'];
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
  const hasLoopback = version.major > 2 || (version.major === 2 && version.minor >= 1);
  return [
    '--no-secmem-warning',
    '--ignore-mdc-error',
    ...(settings.useAgent && version.major < 2 ? ['--use-agent'] : []),
    ...(!settings.useAgent && hasLoopback ? ['--pinentry-mode=loopback'] : []),
  ];
}
