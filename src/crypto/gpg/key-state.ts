import { spawnSync } from 'node:child_process';
import { asctime } from '../../util/time.ts';
import { gpgEnvironment } from './run/environment.ts';
import type { GpgSettings } from './settings.ts';

/** Why a key cannot be used. */
export interface KeyState {
  readonly is: 'expired' | 'revoked' | 'disabled';
  /** Of expiry or revocation, epoch seconds; undefined where the key ring does not tell. */
  readonly since: number | undefined;
}

/** Options of gpg's that decide where keys are looked for. */
const KEY_RINGS = /^--(?:homedir|keyring|primary-keyring|no-default-keyring)(?:=|$)/;
const PATIENCE_MS = 10_000;

/**
 * Asks gpg what is wrong with a key it has refused: it tells no reason itself when the key is named by its fingerprint.
 * `use` is e or s, for a key whose sub-keys for that are all past. undefined when nothing is.
 */
export function keyState(settings: GpgSettings, key: string, use: 'e' | 's'): KeyState | undefined {
  return keyFacts(settings, key, use)?.state;
}

/** What the key ring tells of a key that is to be used. */
export interface KeyFacts {
  /** Why it cannot be. */
  readonly state: KeyState | undefined;
  /** When it, or the last of its sub-keys for that use, expires, epoch seconds. */
  readonly expires: number | undefined;
  /** Its first name. */
  readonly owner: string | undefined;
  /** It has a part for that use at all. */
  readonly isAble: boolean;
}

/** undefined: the key ring has no such key. */
export function keyFacts(settings: GpgSettings, key: string, use: 'e' | 's'): KeyFacts | undefined {
  const args = ['--batch', '--no-tty', '--with-colons', '--fixed-list-mode', ...keyRings(settings.options)];
  const env = gpgEnvironment(settings.env ?? process.env);
  const ran = spawnSync(settings.binary, [...args, '--list-sigs', '--', key], { env, timeout: PATIENCE_MS });
  return ran.status === 0 ? factsIn(ran.stdout.toString('latin1'), use) : undefined;
}

/** `expired on …`, for the end of a sentence. */
export function stateInWords({ is, since }: KeyState): string {
  const when = since === undefined ? '' : ` since ${asctime(since)}`;
  return is === 'expired' ? `has expired${since === undefined ? '' : ` (${asctime(since)})`}` : `is ${is}${when}`;
}

/** Reads a listing with colons. Source: GnuPG's doc/DETAILS: validity is field 2, expiry 7, capabilities 12. */
function factsIn(listing: string, use: 'e' | 's'): KeyFacts | undefined {
  const records = listing.split('\n').map((line) => line.split(':'));
  const primary = records.find(([type]) => type === 'pub' || type === 'sec');
  if (primary === undefined) return undefined;
  const owner = records.find(([type]) => type === 'uid')?.[9];
  const isOwnUse = (primary[11] ?? '').includes(use);
  const own = stateOf(primary, records);
  const subKeys = records.filter(
    ([type, , , , , , , , , , , abilities = '']) => type === 'sub' && abilities.includes(use),
  );
  const isAble = isOwnUse || subKeys.length > 0;
  const end = seconds(primary[6]);
  if (own !== undefined || isOwnUse) return { state: own, expires: end, owner, isAble };
  const states = subKeys.map((record) => stateOf(record, records));
  const good = subKeys.filter((_record, i) => states[i] === undefined);
  const state = states.includes(undefined) ? undefined : states.sort((a, b) => (b?.since ?? 0) - (a?.since ?? 0))[0];
  const last = Math.max(...good.map((record) => seconds(record[6]) ?? Infinity));
  const expires = Math.min(end ?? Infinity, good.length > 0 ? last : Infinity);
  return { state, expires: Number.isFinite(expires) ? expires : undefined, owner, isAble };
}

function stateOf(record: readonly string[], records: readonly (readonly string[])[]): KeyState | undefined {
  const [, validity, , , , , expires] = record;
  if (validity === 'e') return { is: 'expired', since: seconds(expires) };
  if (validity === 'd' || (record[11] ?? '').includes('D')) return { is: 'disabled', since: undefined };
  if (validity !== 'r') return undefined;
  // Of a key (20) or a sub-key (28), which stands below it.
  const kind = record[0] === 'sub' ? '28' : '20';
  const after = records.slice(records.indexOf(record) + 1);
  const revocation = after.find(([type, , , , , , , , , , reason = '']) => type === 'rev' && reason.startsWith(kind));
  return { is: 'revoked', since: seconds(revocation?.[5]) };
}

function keyRings(options: readonly string[]): readonly string[] {
  return options.flatMap((word, i) => {
    if (!KEY_RINGS.test(word)) return [];
    return word.includes('=') || word === '--no-default-keyring' ? [word] : [word, options[i + 1] ?? ''];
  });
}

function seconds(field: string | undefined): number | undefined {
  return field !== undefined && /^\d+$/.test(field) ? Number(field) : undefined;
}
