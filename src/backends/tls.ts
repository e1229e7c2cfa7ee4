import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { createSecureContext, type ConnectionOptions } from 'node:tls';

import { BackendError, UsageError } from '../errors/errors.ts';
import type { OpenOptions } from './open-options.ts';

/** Where systems keep the authorities they trust. The reference uses these; Node.js has a list of its own. */
const SYSTEM_BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
  '/etc/ssl/cert.pem',
];

/**
 * How to talk TLS with `host`. Trusted are the authorities of `--ssl-cacert-file` and `--ssl-cacert-path` alone where
 * given, then the first of `candidates` that exists, then those of the system. One context serves all connections: to
 * read the system's bundle takes 15 ms.
 */
export function tlsOptions(host: string, options: OpenOptions, candidates: readonly string[] = []): ConnectionOptions {
  const { sslNoCheckCertificate = false } = options.settings ?? {};
  const ca = sslNoCheckCertificate ? undefined : trusted(options, candidates);
  return {
    secureContext: createSecureContext(ca === undefined ? {} : { ca }),
    rejectUnauthorized: !sslNoCheckCertificate,
    host,
    // Names only: TLS knows no addresses there.
    ...(isIP(host) === 0 && { servername: host }),
  };
}

function trusted({ settings = {}, env = {} }: OpenOptions, candidates: readonly string[]): string[] | undefined {
  const { sslCacertFile, sslCacertPath } = settings;
  const named = [
    ...(sslCacertFile === undefined ? [] : [certificatesIn('--ssl-cacert-file', sslCacertFile)]),
    ...(sslCacertPath === undefined ? [] : certificatesBelow(sslCacertPath)),
  ];
  if (named.length > 0) return named;
  const candidate = candidates.find((path) => existsSync(path));
  if (candidate !== undefined) return [certificatesIn('The file of authorities', candidate)];
  const system = env['SSL_CERT_FILE'] ?? SYSTEM_BUNDLES.find((path) => existsSync(path));
  if (system === undefined || !existsSync(system)) return undefined;
  const extra = env['NODE_EXTRA_CA_CERTS'];
  return [system, ...(extra !== undefined && existsSync(extra) ? [extra] : [])].map((path) =>
    readFileSync(path, 'latin1'),
  );
}

function certificatesIn(option: string, path: string): string {
  let text: string;
  try {
    text = readFileSync(path, 'latin1');
  } catch (error) {
    throw unusable(option, path, 'cannot be read', error);
  }
  if (!text.includes('-----BEGIN')) throw unusable(option, path, 'holds no certificate in PEM form');
  return text;
}

/** Every certificate of the directory, each once: `openssl rehash` adds links. OpenSSL alone would go by those. */
function certificatesBelow(directory: string): string[] {
  const texts = new Set<string>();
  try {
    for (const entry of readdirSync(directory, { withFileTypes: true })) {
      if (entry.isDirectory()) continue;
      const text = readFileSync(join(directory, entry.name), 'latin1');
      if (text.includes('-----BEGIN CERTIFICATE') || text.includes('-----BEGIN TRUSTED')) texts.add(text);
    }
  } catch (error) {
    throw unusable('--ssl-cacert-path', directory, 'cannot be read', error);
  }
  if (texts.size === 0) throw unusable('--ssl-cacert-path', directory, 'holds no certificate in PEM form');
  return [...texts];
}

function unusable(option: string, path: string, what: string, cause?: unknown): UsageError {
  return new UsageError('USER_ERROR', `${option}: ${path} ${what}.`, {
    exception: 'FatalBackendException',
    cause,
    hint: 'Name a file, or a directory with files, of certificates that start with -----BEGIN CERTIFICATE-----.',
  });
}

/** Names that OpenSSL and node give to certificates they refuse. */
const REFUSALS =
  /^(CERT_|UNABLE_TO_(GET|VERIFY|DE)|DEPTH_ZERO_|SELF_SIGNED_|ERR_TLS_CERT_|HOSTNAME_MISMATCH|INVALID_(CA|PURPOSE))/;

/** The failure for a certificate that is not trusted; undefined for any other error. Another try would not help. */
export function certificateFailure(task: string, host: string, error: unknown): BackendError | undefined {
  // The FTP library rejects with the bare name.
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  if (!REFUSALS.test(code)) return undefined;
  const reason = error instanceof Error ? error.message.split('\n', 1)[0] : code;
  return new BackendError('BACKEND_ERROR', `Cannot ${task}: the certificate of ${host} is not trusted: ${reason}`, {
    retryable: false,
    cause: error,
    hint: 'Name the certificate of its authority with --ssl-cacert-file; --ssl-no-check-certificate trusts any.',
  });
}
