import { createHash, randomBytes } from 'node:crypto';

export interface Credentials {
  readonly user: string;
  readonly password: string;
}

/** Makes the Authorization header of a request. One that counts (Digest) makes another one each time. */
export type Authorize = (method: string, target: string) => string;

interface Challenge {
  /** Lower case. */
  readonly scheme: string;
  /** Names in lower case. */
  readonly params: ReadonlyMap<string, string>;
}

/** The best answer to the `WWW-Authenticate` headers: Digest, then Basic; undefined when they ask for neither. */
export function answerChallenges(headers: readonly string[], credentials: Credentials): Authorize | undefined {
  const challenges = headers.flatMap(parseChallenges);
  for (const { scheme, params } of challenges) {
    const digest = scheme === 'digest' ? digestAuth(params, credentials) : undefined;
    if (digest !== undefined) return digest;
  }
  return challenges.some(({ scheme }) => scheme === 'basic') ? basicAuth(credentials) : undefined;
}

/** The nonce has only become too old: the password may well be right. */
export function isStale(headers: readonly string[]): boolean {
  return headers.flatMap(parseChallenges).some(({ params }) => params.get('stale')?.toLowerCase() === 'true');
}

function basicAuth({ user, password }: Credentials): Authorize {
  const header = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  return () => header;
}

const HASHES: Readonly<Record<string, string>> = { md5: 'md5', 'sha-256': 'sha256', 'sha-512-256': 'sha512-256' };

/** RFC 7616, and RFC 2069 where the server names no `qop`; undefined for what it asks for and this does not know. */
function digestAuth(params: Challenge['params'], { user, password }: Credentials): Authorize | undefined {
  const algorithm = params.get('algorithm') ?? 'MD5';
  const isSession = /-sess$/i.test(algorithm);
  const hashName = HASHES[algorithm.toLowerCase().replace(/-sess$/, '')];
  const qops = params
    .get('qop')
    ?.toLowerCase()
    .split(/\s*,\s*/);
  const nonce = params.get('nonce');
  if (hashName === undefined || nonce === undefined || (qops !== undefined && !qops.includes('auth'))) return undefined;
  const hash = (text: string): string => createHash(hashName).update(text).digest('hex');
  const realm = params.get('realm') ?? '';
  const opaque = params.get('opaque');
  const cnonce = randomBytes(16).toString('hex');
  const secret = hash(`${user}:${realm}:${password}`);
  const key = isSession ? hash(`${secret}:${nonce}:${cnonce}`) : secret;
  let count = 0;
  return (method, target) => {
    const nc = (++count).toString(16).padStart(8, '0');
    const middle = qops === undefined ? nonce : `${nonce}:${nc}:${cnonce}:auth`;
    const fields = [
      `username="${quoted(user)}"`,
      `realm="${quoted(realm)}"`,
      `nonce="${quoted(nonce)}"`,
      // What stands in the request line: with the host in it, or without the query, servers refuse.
      `uri="${target}"`,
      `response="${hash(`${key}:${middle}:${hash(`${method}:${target}`)}`)}"`,
      ...(params.has('algorithm') ? [`algorithm=${algorithm}`] : []),
      ...(opaque === undefined ? [] : [`opaque="${quoted(opaque)}"`]),
      ...(qops === undefined ? [] : ['qop=auth', `nc=${nc}`]),
      ...(qops === undefined && !isSession ? [] : [`cnonce="${cnonce}"`]),
    ];
    // Headers are latin1 for node: names in other letters go as the UTF-8 that was hashed.
    return Buffer.from(`Digest ${fields.join(', ')}`).toString('latin1');
  };
}

function quoted(text: string): string {
  return text.replace(/["\\]/g, '\\$&');
}

/** One header may hold several challenges, parted by the same commas as their parameters. */
function parseChallenges(header: string): Challenge[] {
  const found: { scheme: string; params: Map<string, string> }[] = [];
  const token = /([\w!#$%&'*+.^`|~-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+)))?/g;
  for (const [, word = '', text, bare] of header.matchAll(token)) {
    if (text === undefined && bare === undefined) found.push({ scheme: word.toLowerCase(), params: new Map() });
    else found.at(-1)?.params.set(word.toLowerCase(), text?.replace(/\\(.)/g, '$1') ?? bare ?? '');
  }
  return found;
}
