import { execFile } from 'node:child_process';
import { gpgEnvironment } from './gpg/run/environment.ts';
import type { GpgSettings } from './gpg/settings.ts';

/** Whose an encryption key is, as the key ring tells. */
export interface KeyOwner {
  /** Of the main key. */
  readonly fingerprint: string;
  readonly user: string;
}

/** The keys of the key ring among those with these ids, by id. Without gpg, or without the keys, there are none. */
export function keyOwners(
  { binary, options, env }: GpgSettings,
  ids: readonly string[],
): Promise<ReadonlyMap<string, KeyOwner>> {
  if (ids.length === 0) return Promise.resolve(new Map());
  const args = [...options, '--batch', '--no-tty', '--with-colons', '--fixed-list-mode', '--list-keys', '--'];
  const run = { env: gpgEnvironment(env ?? process.env), maxBuffer: 1024 * 1024 };
  return new Promise((resolve) => {
    // It ends with a failure where one of them is unknown.
    execFile(binary, [...args, ...ids.map((id) => `0x${id}`)], run, (_error, stdout) => resolve(ownersIn(stdout)));
  });
}

/** Ids of the keys and sub-keys that gpg means by a word. */
export function keyIds({ binary, options, env }: GpgSettings, word: string): Promise<readonly string[]> {
  const args = [...options, '--batch', '--no-tty', '--with-colons', '--fixed-list-mode', '--list-keys', '--', word];
  const run = { env: gpgEnvironment(env ?? process.env), maxBuffer: 1024 * 1024 };
  return new Promise((resolve) => {
    execFile(binary, args, run, (_error, stdout) => resolve([...ownersIn(stdout).keys()]));
  });
}

/** Reads a listing with colons. Source: GnuPG's doc/DETAILS: the id is field 5, a fingerprint or user field 10. */
function ownersIn(listing: string): ReadonlyMap<string, KeyOwner> {
  const owners = new Map<string, KeyOwner>();
  for (const block of listing.split(/^(?=pub:)/m)) {
    const records = block.split('\n').map((line) => line.split(':'));
    const field = (type: string): string => records.find(([first]) => first === type)?.[9] ?? '';
    const owner = { fingerprint: field('fpr'), user: unescaped(field('uid')) };
    for (const [type, , , , id = ''] of records) if (type === 'pub' || type === 'sub') owners.set(id, owner);
  }
  return owners;
}

function unescaped(text: string): string {
  return text.replaceAll(/\\x([0-9a-f]{2})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)));
}
