import type { Algorithms } from 'ssh2';

/** Methods by kind, as ssh2 names them; the best first. The second list is of those that are used only where asked for. */
const METHODS = {
  kex: [
    [
      'curve25519-sha256',
      'curve25519-sha256@libssh.org',
      'ecdh-sha2-nistp256',
      'ecdh-sha2-nistp384',
      'ecdh-sha2-nistp521',
      'diffie-hellman-group-exchange-sha256',
      'diffie-hellman-group14-sha256',
      'diffie-hellman-group15-sha512',
      'diffie-hellman-group16-sha512',
      'diffie-hellman-group17-sha512',
      'diffie-hellman-group18-sha512',
    ],
    ['diffie-hellman-group-exchange-sha1', 'diffie-hellman-group14-sha1', 'diffie-hellman-group1-sha1'],
  ],
  cipher: [
    [
      'aes128-gcm@openssh.com',
      'aes256-gcm@openssh.com',
      'aes128-ctr',
      'aes192-ctr',
      'aes256-ctr',
      'chacha20-poly1305@openssh.com',
    ],
    ['aes256-cbc', 'aes192-cbc', 'aes128-cbc', '3des-cbc'],
  ],
  hmac: [
    [
      'hmac-sha2-256-etm@openssh.com',
      'hmac-sha2-512-etm@openssh.com',
      'hmac-sha1-etm@openssh.com',
      'hmac-sha2-256',
      'hmac-sha2-512',
      'hmac-sha1',
    ],
    ['hmac-md5', 'hmac-sha1-96', 'hmac-md5-96'],
  ],
  serverHostKey: [
    [
      'ssh-ed25519',
      'ecdsa-sha2-nistp256',
      'ecdsa-sha2-nistp384',
      'ecdsa-sha2-nistp521',
      'rsa-sha2-512',
      'rsa-sha2-256',
      'ssh-rsa',
    ],
    ['ssh-dss'],
  ],
} as const satisfies Readonly<Record<string, readonly [readonly string[], readonly string[]]>>;

export type Kind = keyof typeof METHODS;

/** Words of ssh_config for each kind, with the method that OpenSSH puts first and those it does without by default. */
const OPENSSH: Readonly<Record<Kind, { readonly keyword: string; readonly first: string; readonly without: RegExp }>> =
  {
    kex: { keyword: 'kexalgorithms', first: 'curve25519-sha256', without: /group1[57]-/ },
    cipher: { keyword: 'ciphers', first: 'chacha20-poly1305@openssh.com', without: /^$/ },
    hmac: { keyword: 'macs', first: 'hmac-sha2-256-etm@openssh.com', without: /^$/ },
    serverHostKey: { keyword: 'hostkeyalgorithms', first: 'ssh-ed25519', without: /^ssh-rsa$/ },
  };

const KINDS = Object.keys(METHODS) as readonly Kind[];

/** What the options and files say of methods, for `ssh2`; kinds they say nothing of are left out. */
export function algorithmsOf(value: (keyword: string) => string | undefined): Algorithms {
  const chosen = KINDS.flatMap((kind) => {
    const text = value(OPENSSH[kind].keyword);
    const methods = text === undefined ? undefined : chosenMethods(kind, text);
    return methods === undefined ? [] : [[kind, methods] as const];
  });
  return Object.fromEntries(chosen);
}

/**
 * The methods that `text` allows, in the order of preference: `a,b`, or the usual ones with more at the end (`+a`), without
 * some (`-a*`), or with some in front (`^a`). undefined: the usual ones. `ssh -G` gives whole lists, its own usual ones too,
 * which are taken for ours: ssh2 has no use for OpenSSH's order, and servers of old without `ssh-rsa` are reached as before.
 */
export function chosenMethods(kind: Kind, text: string): readonly string[] | undefined {
  const usual: readonly string[] = METHODS[kind][0];
  const all: readonly string[] = [...usual, ...METHODS[kind][1]];
  const [, sign = '', rest = ''] = /^([+^-]?)(.*)$/s.exec(text.trim()) ?? [];
  const names = rest.split(',').map((name) => name.trim());
  const named = names.filter((name, at) => all.includes(name) && names.indexOf(name) === at);
  if (sign === '-') return usual.filter((name) => !names.some((pattern) => matches(pattern, name)));
  if (sign === '^') return [...named, ...usual.filter((name) => !named.includes(name))];
  if (sign === '+') return [...usual, ...named.filter((name) => !usual.includes(name))];
  const { first, without } = OPENSSH[kind];
  const isShort = usual.some((name) => !named.includes(name) && !without.test(name));
  if (isShort || named[0] !== first) return named;
  const more = named.filter((name) => !usual.includes(name));
  return more.length === 0 ? undefined : [...usual, ...more];
}

function matches(pattern: string, name: string): boolean {
  const source = pattern
    .replace(/[.+^$()[\]{}|\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${source}$`).test(name);
}
