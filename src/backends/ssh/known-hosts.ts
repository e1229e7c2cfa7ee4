import { createHmac } from 'node:crypto';

/** One key that a known_hosts file tells of a host. */
export interface KnownKey {
  readonly marker: '' | '@revoked' | '@cert-authority';
  /** Base type: `ssh-ed25519`, `ssh-rsa`, `ecdsa-sha2-nistp256`. */
  readonly type: string;
  readonly key: Buffer;
  /** `file:line`. */
  readonly place: string;
  /** The line names the host without its port. */
  readonly isPortless: boolean;
}

export type Verdict =
  | { readonly kind: 'known' }
  | { readonly kind: 'unknown' }
  /** Another key is known, at this place. */
  | { readonly kind: 'changed'; readonly place: string }
  | { readonly kind: 'revoked'; readonly place: string }
  /** Only certificates of an authority are trusted, and the server showed a plain key. */
  | { readonly kind: 'authority'; readonly place: string };

/** The name under which known_hosts has a server: `host`, or `[host]:port` off the usual port. */
export function hostEntry(host: string, port: number): string {
  return port === 22 ? host : `[${host}]:${port}`;
}

/** All keys that the text of a known_hosts file has for the host. Format: sshd(8), SSH_KNOWN_HOSTS FILE FORMAT. */
export function knownKeys(text: string, at: { readonly file: string; readonly host: string; readonly port: number }) {
  const entry = hostEntry(at.host, at.port).toLowerCase();
  const keys: KnownKey[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const words = line.trim().split(/[ \t]+/);
    const marker = words[0]?.startsWith('@') === true ? words.shift() : '';
    const [hosts = '', type = '', base64 = ''] = words;
    if (hosts.startsWith('#') || base64 === '') continue;
    if (marker !== '' && marker !== '@revoked' && marker !== '@cert-authority') continue;
    const isExact = matchesHost(hosts, entry);
    const isPortless = !isExact && at.port !== 22 && matchesHost(hosts, at.host.toLowerCase());
    if (!isExact && !isPortless) continue;
    keys.push({ marker, type, key: Buffer.from(base64, 'base64'), place: `${at.file}:${index + 1}`, isPortless });
  }
  return keys;
}

/**
 * What is to be thought of a server that shows `key`. A line without the port vouches for a server on an odd port, but
 * a different key there is no change: it may be another server.
 */
export function judge(keys: readonly KnownKey[], key: Buffer): Verdict {
  const same = keys.filter((known) => known.key.equals(key));
  const revoked = same.find(({ marker }) => marker === '@revoked');
  if (revoked !== undefined) return { kind: 'revoked', place: revoked.place };
  if (same.some(({ marker }) => marker === '')) return { kind: 'known' };
  const other = keys.find(({ marker, isPortless }) => marker === '' && !isPortless);
  if (other !== undefined) return { kind: 'changed', place: other.place };
  const authority = keys.find(({ marker }) => marker === '@cert-authority');
  return authority === undefined ? { kind: 'unknown' } : { kind: 'authority', place: authority.place };
}

function matchesHost(hosts: string, entry: string): boolean {
  if (hosts.startsWith('|1|')) {
    const [, , salt = '', hash = ''] = hosts.split('|');
    return createHmac('sha1', Buffer.from(salt, 'base64')).update(entry).digest('base64') === hash;
  }
  let found = false;
  for (const pattern of hosts.toLowerCase().split(',')) {
    const isNegated = pattern.startsWith('!');
    if (!matches(isNegated ? pattern.slice(1) : pattern, entry)) continue;
    if (isNegated) return false;
    found = true;
  }
  return found;
}

/** Whether a pattern with `*` and `?` is that of all of `text`: of several stars only the last one is ever tried again. */
function matches(pattern: string, text: string): boolean {
  let [at, from] = [0, 0];
  let star: { readonly at: number; readonly from: number } | undefined;
  while (from < text.length) {
    const char = pattern.charAt(at);
    if (char === '*') {
      star = { at: ++at, from };
    } else if (char === '?' || (char !== '' && char === text.charAt(from))) {
      at++;
      from++;
    } else if (star === undefined) {
      return false;
    } else {
      star = { at: star.at, from: star.from + 1 };
      ({ at, from } = star);
    }
  }
  return /^\**$/.test(pattern.slice(at));
}
