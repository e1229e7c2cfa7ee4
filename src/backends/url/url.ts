import { UsageError } from '../../errors/errors.ts';
import { Secret } from '../../util/secret.ts';

/** A parsed back-end URL. Which form of `path` a scheme gives: see `parseUrl`; what drivers make of it: `url-path.ts`. */
export interface BackendUrl {
  /** Lower case, with its parts: `sftp`, `boto3+s3`. */
  readonly scheme: string;
  /** Prefixes that wrap another back end, outermost first: `par2` of `par2+file:///a`. */
  readonly wrappers: readonly string[];
  /** Percent-decoded, like password and path. */
  readonly user?: string;
  readonly password?: Secret;
  /** Lower case, not decoded, IPv6 without brackets. Only for schemes that need a host. */
  readonly host?: string;
  /** The host as it is written, where that differs: a name of `~/.ssh/config` may have capital letters. */
  readonly alias?: string;
  readonly port?: number;
  readonly path: string;
  /** Not decoded, without the `?`. */
  readonly query?: string;
  /** Not decoded, without the `#`. */
  readonly fragment?: string;
  /** The URL as given; it may hold a password. */
  readonly original: Secret;
}

/** Schemes that name a host. All others have none: what stands in its place belongs to the path. */
const SCHEMES_WITH_HOST: ReadonlySet<string> = new Set([
  'sftp',
  'scp',
  'ssh',
  'paramiko+sftp',
  'paramiko+scp',
  'pexpect+sftp',
  'pexpect+scp',
  'ftp',
  'ftps',
  'ftpes',
  'fish',
  'lftp+ftp',
  'lftp+ftps',
  'lftp+ftpes',
  'lftp+fish',
  'lftp+sftp',
  'lftp+webdav',
  'lftp+webdavs',
  'lftp+http',
  'lftp+https',
  'ncftp+ftp',
  'rsync',
  'http',
  'https',
  'webdav',
  'webdavs',
  'imap',
  'imaps',
  'hsi',
  'mega',
  'megav2',
  'megav3',
  'gdrive',
  'pydrive',
  'pydrive+gdocs',
  'gdocs',
  'gdata+gdocs',
]);

/** The test that tells a URL from a local path on the command line, as in 3.0.1: `foo:bar` and `C:/x` are paths. */
export function isUrl(word: string): boolean {
  return /^[\w+]+:\/\//.test(word);
}

/**
 * Reads the reference's forms, which are not all WHATWG URLs.
 *
 * - With a host (`sftp://u@h:22/rel`): `path` is what follows the host, decoded: ``, `/`, `/rel`, `//abs`. The daemon
 *   form of rsync (`rsync://h::mod/sub`) has the path `::mod/sub`.
 * - Without one (`file:///a`, `swift://cont/p`): `path` is `//` + the undecoded part before the first slash + the
 *   decoded rest: `///a`, `//cont/p`. User and password are told where there is an `@`, but stay in the path.
 *   `x:/a` equals `x:///a`; with four slashes, `file:////a` is `//a` and thus relative (observed with 0.8.22).
 *
 * `?query` and `#fragment` are cut off for every scheme; where they mean nothing, `registry.ts` refuses them. Throws BAD_URL for a text without a scheme, and USER_ERROR with
 * the exception name `InvalidBackendURL` for one that breaks the grammar. Test table: url.test.ts.
 */
export function parseUrl(text: string): BackendUrl {
  const { wrappers, rest } = splitWrappers(text);
  const match = /^([a-z][a-z0-9+.-]*):([^]*)$/i.exec(rest);
  if (match === null) {
    throw new UsageError('BAD_URL', `Bad URL '${redact(text)}'.`, {
      hint: 'Write it like "sftp://user@host.net:1234/path" or "file:///usr/local".',
    });
  }
  if (/[\u0000-\u001f\u007f]/.test(text)) throw invalid('Control character in', text);
  const scheme = (match[1] ?? '').toLowerCase();
  const { authority, rawPath, query, fragment } = splitParts(match[2] ?? '');
  if (isFromManual(scheme, authority)) throw bracketed(text);
  if (authority.includes('[') !== authority.includes(']')) throw invalid('Syntax error in', text);

  const { userInfo, hostPart } = splitAuthority(authority);
  const common = {
    scheme,
    wrappers,
    ...(userInfo === undefined ? {} : credentials(userInfo)),
    ...(query === undefined ? {} : { query }),
    ...(fragment === undefined ? {} : { fragment }),
    original: new Secret(text),
  };

  const daemon = scheme === 'rsync' ? rsyncDaemon(hostPart) : undefined;
  const { host, alias, port } = scheme === 'rclone' ? NO_HOST : splitHost(daemon?.hostPart ?? hostPart, text);
  if (!SCHEMES_WITH_HOST.has(scheme)) return { ...common, path: hostlessPath(scheme, authority, rawPath, text) };
  if (host === '') throw invalid('Missing hostname in a backend URL which requires an explicit hostname', text);
  if (userInfo === undefined && mayHideSecret(authority, match[2] ?? '')) throw ambiguous(text);
  const path = daemon === undefined ? decode(rawPath) : `::${decode(daemon.module + rawPath).replace(/^\//, '')}`;
  return { ...common, host, ...(alias === host ? {} : { alias }), ...(port === undefined ? {} : { port }), path };
}

/**
 * A URL for messages: the password is shown as `*****`. Where nobody can tell the end of the password, as in a malformed
 * URL, everything from the first colon to the last `@` is hidden: rather too much than a part of it shown.
 */
export function redact(url: string): string {
  const start = /^[\w+.-]+:\/\//.exec(url)?.[0].length ?? 0;
  const authority = start === 0 ? url : splitParts(url.slice(start - 2)).authority;
  const { userInfo, hostPart } = splitAuthority(authority);
  if (userInfo === undefined && /^\[|^[^:]*$/.test(authority)) return url;
  const isClear = start > 0 && userInfo !== undefined && /^(\[[^\]]*\]|[^:[\]]*)(:\d*|::.*)?$/.test(hostPart);
  const last = isClear ? start + userInfo.length : url.lastIndexOf('@');
  const colon = url.indexOf(':', start);
  return colon < 0 || colon > last ? url : `${url.slice(0, colon)}:*****${url.slice(last)}`;
}

const NO_HOST = { host: '', alias: '', port: undefined };

function invalid(what: string, url: string): UsageError {
  return new UsageError('USER_ERROR', `InvalidBackendURL: ${what}: ${redact(url)}`, { exception: 'InvalidBackendURL' });
}

/**
 * Whether `user:12/rest@host` or `host:12/path@x` is meant cannot be told. Taken for the latter, a password would end up
 * in messages as a part of the path.
 */
function mayHideSecret(authority: string, afterScheme: string): boolean {
  return /^[^:[\]]+:\d*$/.test(authority) && afterScheme.includes('@');
}

function ambiguous(url: string): UsageError {
  return new UsageError('USER_ERROR', `InvalidBackendURL: An @ stands behind the first slash: ${redact(url)}`, {
    exception: 'InvalidBackendURL',
    hint: 'In a password write / as %2F, ? as %3F, # as %23 and @ as %40; write an @ of the path as %40 too.',
  });
}

/**
 * `ftp://user[:password]@host[:port]/dir`, as manuals write what may be left out, would name the host `:port`. Before the
 * path brackets hold an IPv6 address; the directory of `file://a[1]/b` and a remote of rclone are free to have some.
 */
function isFromManual(scheme: string, authority: string): boolean {
  if (scheme === 'file' || scheme === 'rclone') return false;
  const { userInfo = '', hostPart } = splitAuthority(authority);
  if (/^[^:[\]]*\[:.*\]$/.test(userInfo)) return true;
  if (!SCHEMES_WITH_HOST.has(scheme)) return /\[(?:$|:[^\]]*\])/.test(hostPart);
  return /^[^[]+\[/.test(hostPart) || /^\[[^:\]]*\]|^\[:\d*\]/.test(hostPart);
}

function bracketed(url: string): UsageError {
  return new UsageError('USER_ERROR', `InvalidBackendURL: Brackets stand before the path of the URL: ${redact(url)}`, {
    exception: 'InvalidBackendURL',
    hint: 'In manuals they mark what may be left out: write ftp://user:password@host:21/dir. An IPv6 address needs them: sftp://[fe80::1]/dir.',
  });
}

/** The prefixes are case-sensitive, the schemes are not. */
function splitWrappers(text: string): { readonly wrappers: readonly string[]; readonly rest: string } {
  const wrappers: string[] = [];
  let rest = text;
  for (;;) {
    const prefix = /^(par2|gio)\+/.exec(rest)?.[1];
    if (prefix === undefined) return { wrappers, rest };
    wrappers.push(prefix);
    rest = rest.slice(prefix.length + 1);
  }
}

interface Parts {
  readonly authority: string;
  readonly rawPath: string;
  readonly query: string | undefined;
  readonly fragment: string | undefined;
}

function splitParts(afterScheme: string): Parts {
  const hash = afterScheme.indexOf('#');
  const fragment = hash < 0 ? undefined : afterScheme.slice(hash + 1);
  const whole = hash < 0 ? afterScheme : afterScheme.slice(0, hash);
  const mark = whole.indexOf('?');
  const query = mark < 0 ? undefined : whole.slice(mark + 1);
  const place = mark < 0 ? whole : whole.slice(0, mark);
  if (!place.startsWith('//')) return { authority: '', rawPath: place, query, fragment };
  const slash = place.indexOf('/', 2);
  if (slash < 0) return { authority: place.slice(2), rawPath: '', query, fragment };
  return { authority: place.slice(2, slash), rawPath: place.slice(slash), query, fragment };
}

/** User info ends at the last `@`. */
function splitAuthority(authority: string): { readonly userInfo: string | undefined; readonly hostPart: string } {
  const at = authority.lastIndexOf('@');
  if (at < 0) return { userInfo: undefined, hostPart: authority };
  return { userInfo: authority.slice(0, at), hostPart: authority.slice(at + 1) };
}

/** The user ends at the first `:`. */
function credentials(userInfo: string): { readonly user?: string; readonly password?: Secret } {
  const colon = userInfo.indexOf(':');
  const user = decode(colon < 0 ? userInfo : userInfo.slice(0, colon));
  return {
    ...(user === '' ? {} : { user }),
    ...(colon < 0 ? {} : { password: new Secret(decode(userInfo.slice(colon + 1))) }),
  };
}

function rsyncDaemon(hostPart: string): { readonly hostPart: string; readonly module: string } | undefined {
  const colons = hostPart.indexOf('::', hostPart.lastIndexOf(']') + 1);
  if (colons < 0) return undefined;
  return { hostPart: hostPart.slice(0, colons), module: hostPart.slice(colons + 2) };
}

/** The port is checked for schemes without a host too: `file://a:b/c` is an error in 0.8.22. */
function splitHost(
  hostPart: string,
  url: string,
): Pick<Required<BackendUrl>, 'host' | 'alias'> & { readonly port: number | undefined } {
  const match = /^(?:[^[\]]*\[([^\]]*)\]|([^:]*))(?::(.*))?$/.exec(hostPart);
  if (match === null) throw invalid('Syntax error in', url);
  const digits = match[3] ?? '';
  const port = Number(digits);
  if (!/^\d*$/.test(digits) || port > 65_535) throw invalid('Syntax error (port) in', url);
  // Port 0 counts as none in 0.8.22.
  const alias = match[1] ?? match[2] ?? '';
  return { host: alias.toLowerCase(), alias, port: port === 0 ? undefined : port };
}

function hostlessPath(scheme: string, authority: string, rawPath: string, url: string): string {
  if (authority !== '') return `//${authority}${decode(rawPath)}`;
  if (!rawPath.startsWith('/')) {
    throw invalid(`missing // - relative paths not supported for scheme ${scheme}`, url);
  }
  return rawPath.startsWith('//') ? decode(rawPath) : `//${decode(rawPath)}`;
}

/** Percent escapes as UTF-8; what is no escape stays (`%zz`), bytes that are not UTF-8 become U+FFFD, as in 0.8.22. */
export function decode(text: string): string {
  return text.replace(/(?:%[0-9a-f]{2})+/gi, (run) => Buffer.from(run.replaceAll('%', ''), 'hex').toString('utf8'));
}
