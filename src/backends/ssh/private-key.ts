import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';

import ssh2, { type ParsedKey } from 'ssh2';

import { errorCode } from '../../util/errno.ts';
import type { Secret } from '../../util/secret.ts';

const { utils } = ssh2;

/** The key in the file, or why it cannot be used; undefined where there is no such file. */
export async function loadKey(
  file: string,
  passphrase: () => Promise<Secret | undefined>,
): Promise<ParsedKey | string | undefined> {
  let text: string;
  try {
    text = readFileSync(file, 'latin1').replaceAll('\r', '');
  } catch (error) {
    const code = errorCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    return `cannot be read${code === undefined ? '' : `: ${code}`}`;
  }
  if (/^PuTTY-User-Key-File-(?!2: ssh-rsa)/.test(text)) {
    return `a key of PuTTY's: convert it with "puttygen ${file} -O private-openssh-new -o NEW"`;
  }
  const parse = /^-----BEGIN (?:ENCRYPTED )?PRIVATE KEY-----/m.test(text) ? parsePkcs8 : parseOther;
  let key = parse(text);
  if (key === NEEDS_PASSPHRASE) {
    const secret = await passphrase();
    if (secret === undefined) return NEEDS_PASSPHRASE;
    key = parse(text, secret.reveal());
    if (key === NEEDS_PASSPHRASE || key === UNSUPPORTED) return 'the passphrase does not open it';
  }
  return typeof key === 'string' || key.isPrivateKey() ? key : 'no private key';
}

/** A list in the answer of ssh2 is of the versions of one key. */
export function firstKey(parsed: ParsedKey | readonly ParsedKey[] | Error): ParsedKey | Error {
  if (!Array.isArray(parsed)) return parsed as ParsedKey | Error;
  return parsed[0] ?? new Error('no key');
}

const NEEDS_PASSPHRASE = 'needs a passphrase';
const UNSUPPORTED = 'of an unsupported kind';
const DSA = 'a key of DSA, which OpenSSH takes no more: make a new one with "ssh-keygen -t ed25519"';

function parseOther(text: string, passphrase?: string): ParsedKey | string {
  const key = firstKey(utils.parseKey(text, passphrase));
  if (!(key instanceof Error)) return key;
  return /passphrase/i.test(key.message) ? NEEDS_PASSPHRASE : UNSUPPORTED;
}

/** As openssl writes keys today; ssh2 does not know that form. */
function parsePkcs8(text: string, passphrase?: string): ParsedKey | string {
  let key: KeyObject;
  try {
    key = createPrivateKey({ key: text, ...(passphrase !== undefined && { passphrase }) });
  } catch {
    return text.includes('BEGIN ENCRYPTED') ? NEEDS_PASSPHRASE : UNSUPPORTED;
  }
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return parseOther(key.export({ type: 'pkcs1', format: 'pem' }).toString());
    case 'ec':
      return parseOther(key.export({ type: 'sec1', format: 'pem' }).toString());
    case 'ed25519':
      return parseOther(openSshEd25519(key));
    case 'dsa':
      return DSA;
    default:
      return UNSUPPORTED;
  }
}

/** In OpenSSH's own form, the only one for this kind: PROTOCOL.key of OpenSSH. */
function openSshEd25519(key: KeyObject): string {
  const seed = Buffer.from(key.export({ format: 'jwk' }).d ?? '', 'base64url');
  const point = Buffer.from(createPublicKey(key).export({ format: 'jwk' }).x ?? '', 'base64url');
  const type = string('ssh-ed25519');
  const pair = Buffer.concat([Buffer.alloc(8), type, string(point), string(Buffer.concat([seed, point])), string('')]);
  const padding = Buffer.from([1, 2, 3, 4, 5, 6, 7]).subarray(0, (8 - (pair.length % 8)) % 8);
  const whole = Buffer.concat([
    Buffer.from('openssh-key-v1\0'),
    string('none'),
    string('none'),
    string(''),
    Buffer.from([0, 0, 0, 1]),
    string(Buffer.concat([type, string(point)])),
    string(Buffer.concat([pair, padding])),
  ]);
  const lines = whole.toString('base64').replace(/(.{70})(?=.)/g, '$1\n');
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${lines}\n-----END OPENSSH PRIVATE KEY-----\n`;
}

function string(value: string | Buffer): Buffer {
  const bytes = Buffer.from(value as string);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
}
