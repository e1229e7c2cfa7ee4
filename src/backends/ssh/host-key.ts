import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';

import type { Algorithms, ServerHostKeyAlgorithm } from 'ssh2';

import { BackendError } from '../../errors/errors.ts';
import { errorCode } from '../../util/errno.ts';
import type { OpenOptions } from '../open-options.ts';
import { hostEntry, judge, knownKeys, type KnownKey } from './known-hosts.ts';
import type { SshTarget } from './config/target.ts';
import { makeDirectories } from '../../target/make-directories.ts';
import { shellQuote } from './config/words.ts';

/** What the built-in client can check, best first; for `ssh-rsa` keys the signature has a type of its own. */
const ALGORITHMS = [
  'ssh-ed25519',
  'ecdsa-sha2-nistp256',
  'ecdsa-sha2-nistp384',
  'ecdsa-sha2-nistp521',
  'rsa-sha2-512',
  'rsa-sha2-256',
  'ssh-rsa',
] as const;

export function readKnownKeys({ knownHosts, knownAs, port }: SshTarget): KnownKey[] {
  return [...knownHosts.user, ...knownHosts.global].flatMap((file) => {
    const text = readIfThere(file);
    return text === undefined ? [] : knownKeys(text, { file, host: knownAs, port });
  });
}

/**
 * Types of keys to ask the server for: those that are known of it come first. Otherwise a server with several keys
 * would show one that is not known.
 */
export function keyAlgorithms(
  known: readonly KnownKey[],
  { serverHostKey }: Algorithms = {},
): readonly ServerHostKeyAlgorithm[] {
  const wanted: readonly ServerHostKeyAlgorithm[] = Array.isArray(serverHostKey) ? serverHostKey : ALGORITHMS;
  const types = new Set(known.filter(({ marker }) => marker === '').map(({ type }) => type));
  const isKnown = (name: ServerHostKeyAlgorithm): boolean => types.has(name.startsWith('rsa-') ? 'ssh-rsa' : name);
  return [...wanted.filter(isKnown), ...wanted.filter((name) => !isKnown(name))];
}

/**
 * Resolves to whether the server may get a password when its key may be trusted; asks where that is not known, and
 * writes down what was accepted. Rejects with a BackendError otherwise.
 */
export async function trust(
  key: Buffer,
  target: SshTarget,
  { ask, warn = () => {} }: Pick<OpenOptions, 'ask' | 'warn'>,
): Promise<{ readonly isCertain: boolean }> {
  const verdict = judge(readKnownKeys(target), key);
  const { knownAs, strictness } = target;
  const shown = `${keyType(key)} ${fingerprint(key)}`;
  const server = hostEntry(knownAs, target.port);
  switch (verdict.kind) {
    case 'known':
      return { isCertain: true };
    case 'revoked':
      throw refused(`The key of ${server} (${shown}) is marked as revoked in ${verdict.place}.`);
    case 'authority':
      throw refused(
        `For ${server} only keys that an authority has certified are trusted (${verdict.place}), which is not supported.`,
        `Compare the fingerprint ${shown}, then run: ${addCommand(key, target)}`,
      );
    case 'changed':
      if (strictness !== 'no') {
        throw refused(
          `The key of ${server} (${shown}) is not the known one (${verdict.place}): somebody may be listening in.`,
          'Find out why it has changed before you replace that line.',
        );
      }
      warn(`The key of ${server} (${shown}) is not the known one (${verdict.place}). No password is sent.`);
      return { isCertain: false };
    case 'unknown':
      if (strictness === 'yes' || (strictness === 'ask' && !(await isAccepted(server, shown, ask)))) {
        throw refused(
          `The key of ${server} is not known: ${shown}.`,
          `Compare the fingerprint, then run: ${addCommand(key, target)}`,
        );
      }
      remember(key, target, warn);
      return { isCertain: true };
  }
}

async function isAccepted(server: string, shown: string, ask: OpenOptions['ask']): Promise<boolean> {
  const prompt = `The key of ${server} is not known: ${shown}\nDo you trust it and want to connect? (yes/no) `;
  return /^\s*y(es)?\s*$/i.test((await ask?.({ prompt, isVisible: true })) ?? '');
}

/** A file that is not there yet is made, with its directory. Not being able to write is no reason not to connect. */
function remember(key: Buffer, target: SshTarget, warn: (text: string) => void): void {
  const [file] = target.knownHosts.user;
  if (file === undefined) return;
  try {
    makeDirectories(dirname(file), 0o700);
    const text = readIfThere(file) ?? '';
    const start = text === '' || text.endsWith('\n') ? '' : '\n';
    appendFileSync(file, `${start}${lineOf(key, target)}\n`, { mode: 0o600 });
    warn(`The key of ${hostEntry(target.knownAs, target.port)} was added to ${file}.`);
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    warn(`The key of ${hostEntry(target.knownAs, target.port)} cannot be added to ${file} (${errorCode(error)}).`);
  }
}

function lineOf(key: Buffer, { knownAs, port }: SshTarget): string {
  return `${hostEntry(knownAs, port)} ${keyType(key)} ${key.toString('base64')}`;
}

function addCommand(key: Buffer, target: SshTarget): string {
  const [file = '~/.ssh/known_hosts'] = target.knownHosts.user;
  const directory = dirname(file);
  const first = file.startsWith('/') && !existsSync(directory) ? `mkdir -p ${shellQuote(directory)} && ` : '';
  return `${first}echo '${lineOf(key, target)}' >> ${shellQuote(file)}`;
}

/** As ssh-keygen shows it. */
function fingerprint(key: Buffer): string {
  return `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=+$/, '')}`;
}

/** The first string of the key, which names its type. */
function keyType(key: Buffer): string {
  const length = key.length < 4 ? 0 : key.readUInt32BE(0);
  return key.toString('latin1', 4, 4 + Math.min(length, 64)).replace(/[^\w.@-]/g, '?');
}

function refused(message: string, hint?: string): BackendError {
  return new BackendError('BACKEND_PERMISSION_DENIED', message, {
    retryable: false,
    ...(hint === undefined ? {} : { hint }),
  });
}

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    return undefined;
  }
}
