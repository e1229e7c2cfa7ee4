import { spawnSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';

import { freePorts, startServer, type ServerProcess } from './process.ts';

export interface Sshd extends ServerProcess {
  readonly port: number;
  readonly user: string;
  /** Where sessions start; paths of URLs without a second slash are below it. */
  readonly home: string;
  readonly key: string;
  /** The same account through a key with the passphrase `key:pass@phrase/`. */
  readonly lockedKey: string;
  readonly knownHosts: string;
  /** `-oIdentityFile=… -oUserKnownHostsFile=…` */
  readonly options: string;
  /** Public host keys: `ssh-ed25519 AAAA…`, `ssh-rsa AAAA…`. */
  readonly hostKeys: readonly string[];
}

export interface SshdOptions {
  /**
   * `sftp`: the account can do sftp and nothing else. `shell`: no sftp. `read-only`: sftp that writes nothing. Default:
   * everything.
   */
  readonly only?: 'sftp' | 'shell' | 'read-only';
  /** With `sftp`: requests of the protocol that are answered with "Permission denied", as the option -P names them. */
  readonly denied?: string;
  /** A shell command that is run in the place of what the client asks for, as `command=` of authorized_keys does. */
  readonly command?: string;
  /** Lines for sshd_config, which go before the usual ones. */
  readonly config?: readonly string[];
  /** The same behind them all, such as a block of `Match`. */
  readonly match?: string;
  /** PATH of the commands it runs. Default: sshd's own. */
  readonly path?: string;
  /** Log in as this user, with keys or this password; needs root. Made and removed here. */
  readonly account?: { readonly name: string; readonly password: string };
  readonly listen?: string;
}

const SFTP_SERVERS = ['/usr/lib/openssh/sftp-server', '/usr/libexec/openssh/sftp-server', '/usr/lib/ssh/sftp-server'];
export const KEY_PASSPHRASE = 'key:pass@phrase/';

/** OpenSSH on loopback, everything of it in `dir`. Sessions run in `dir/home`, so that relative and absolute paths differ. */
export async function startSshd(dir: string, options: SshdOptions = {}): Promise<Sshd> {
  const { only, account, listen = '127.0.0.1' } = options;
  const [port = 0] = await freePorts(1);
  const home = `${dir}/home`;
  mkdirSync(home, { recursive: true });
  chmodSync(dir, 0o755);
  if (process.getuid?.() === 0) mkdirSync('/run/sshd', { recursive: true });
  for (const type of ['ed25519', 'rsa']) makeKey(`${dir}/host_${type}`, type, '');
  makeKey(`${dir}/id`, 'ed25519', '');
  makeKey(`${dir}/id_locked`, 'ed25519', KEY_PASSPHRASE);
  writeFileSync(`${dir}/authorized`, ['id', 'id_locked'].map((key) => readFileSync(`${dir}/${key}.pub`)).join(''));
  chmodSync(`${dir}/authorized`, 0o644);

  const hostKeys = ['ed25519', 'rsa'].map((type) =>
    readFileSync(`${dir}/host_${type}.pub`, 'utf8').split(' ').slice(0, 2).join(' '),
  );
  const knownHosts = `${dir}/known_hosts`;
  const names = ['127.0.0.1', '::1', 'localhost'].map((host) => `[${host}]:${port}`).join(',');
  writeFileSync(knownHosts, hostKeys.map((key) => `${names} ${key}\n`).join(''));

  let uid = 0;
  if (account !== undefined) uid = makeAccount(account, home);
  const server = SFTP_SERVERS.find((path) => existsSync(path)) ?? 'internal-sftp';
  const session = `${dir}/session`;
  const refusing = options.denied === undefined ? server : `${server} -P ${options.denied}`;
  const asked = only === 'sftp' ? refusing : only === 'read-only' ? `${server} -R` : '$SSH_ORIGINAL_COMMAND';
  const run = options.command ?? `exec sh -c "${asked}"`;
  writeFileSync(session, `#!/bin/sh\nexport HOME='${home}'\ncd "$HOME"\n${guardOf(only)}${run}\n`);
  chmodSync(session, 0o755);
  const lines = [
    // Of repeated words sshd takes the first.
    ...(options.config ?? []),
    `Port ${port}`,
    `ListenAddress ${listen}`,
    'PidFile none',
    `HostKey ${dir}/host_ed25519`,
    `HostKey ${dir}/host_rsa`,
    `AuthorizedKeysFile ${dir}/authorized`,
    'StrictModes no',
    'UsePAM no',
    'UseDNS no',
    `PasswordAuthentication ${account === undefined ? 'no' : 'yes'}`,
    'KbdInteractiveAuthentication no',
    'PermitRootLogin prohibit-password',
    'MaxStartups 100',
    'MaxSessions 50',
    `ForceCommand ${session}`,
    // bash reads its start-up file for every command, and that of a developer may take half a second.
    // sshd takes one such line.
    `SetEnv HOME=${home}${options.path === undefined ? '' : ` PATH=${options.path}`}`,
    ...(only === 'shell' ? [] : [`Subsystem sftp ${server}`]),
    ...(options.match === undefined ? [] : [options.match]),
  ];
  writeFileSync(`${dir}/sshd_config`, `${lines.join('\n')}\n`);
  const running = await startServer(sshdPath(), ['-D', '-e', '-f', `${dir}/sshd_config`], {
    cwd: dir,
    ports: [port],
    env: process.env,
  });
  async function stop(): Promise<void> {
    await running.stop();
    if (uid > 0 && account !== undefined) spawnSync('userdel', [account.name]);
  }
  return {
    ...running,
    stop,
    [Symbol.asyncDispose]: stop,
    port,
    user: account?.name ?? userInfo().username,
    home,
    key: `${dir}/id`,
    lockedKey: `${dir}/id_locked`,
    knownHosts,
    options: `-oIdentityFile=${dir}/id -oUserKnownHostsFile=${knownHosts}`,
    hostKeys,
  };
}

/** sshd starts itself again by its path, which therefore has to be absolute. */
function sshdPath(): string {
  return ['/usr/sbin/sshd', '/usr/bin/sshd', '/usr/local/sbin/sshd'].find((path) => existsSync(path)) ?? 'sshd';
}

function guardOf(only: SshdOptions['only']): string {
  if (only !== 'sftp' && only !== 'read-only') return '';
  return 'case "$SSH_ORIGINAL_COMMAND" in *sftp-server*) ;; *) echo "sftp only" >&2; exit 1;; esac\n';
}

function makeKey(file: string, type: string, passphrase: string): void {
  const rounds = passphrase === '' ? [] : ['-a', '1'];
  const made = spawnSync('ssh-keygen', ['-q', '-t', type, ...rounds, '-N', passphrase, '-C', '', '-f', file]);
  if (made.status !== 0) throw new Error(`ssh-keygen: ${made.stderr.toString()}`);
}

function makeAccount({ name, password }: { readonly name: string; readonly password: string }, home: string): number {
  spawnSync('userdel', [name]);
  const made = spawnSync('useradd', ['-M', '-d', home, '-s', '/bin/sh', name], { encoding: 'utf8' });
  if (made.status !== 0) throw new Error(`useradd: ${made.stderr}`);
  spawnSync('chpasswd', [], { input: `${name}:${password}\n` });
  const uid = Number(spawnSync('id', ['-u', name], { encoding: 'utf8' }).stdout);
  chownSync(home, uid, -1);
  return uid;
}
