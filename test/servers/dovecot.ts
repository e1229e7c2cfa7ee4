import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';

import { makeCertificate } from './certificate.ts';
import { freePorts, startServer, type ServerProcess } from './process.ts';

export interface ImapServer extends ServerProcess {
  readonly port: number;
  readonly tlsPort: number;
  readonly user: string;
  readonly password: string;
  /** File of the authority that signed the server's certificate. */
  readonly authority: string;
  /** Without password. */
  url(scheme: 'imap' | 'imaps', path: string): string;
}

/** Dovecot with maildirs; the user exists with and without `@127.0.0.1`. Needs no root. */
export async function startDovecot(dir: string): Promise<ImapServer> {
  const [port = 0, tlsPort = 0] = await freePorts(2);
  const user = 'dup';
  const password = 'imap:s@cret/100%';
  const { authority, certificate, key } = makeCertificate(dir);
  // Paths of its sockets must be short.
  const run = mkdtempSync('/tmp/dovecot-');
  const mail = `${dir}/mail`;
  mkdirSync(mail, { recursive: true });
  const isRoot = process.getuid?.() === 0;
  const account = (what: '-un' | '-gn', ...name: string[]): string =>
    execFileSync('id', [what, ...name], { encoding: 'utf8' }).trim();
  const [uid, gid] = isRoot ? [idOf('-u'), idOf('-g')] : [process.getuid?.() ?? 0, process.getgid?.() ?? 0];
  if (isRoot) {
    chmodSync(dir, 0o755);
    chmodSync(run, 0o755);
    chownSync(mail, uid, gid);
  }
  // A colon would end the field.
  const hash = execFileSync('openssl', ['passwd', '-6', password], { encoding: 'utf8' }).trim();
  writeFileSync(`${dir}/users`, `${user}:{CRYPT}${hash}::::::\n${user}@127.0.0.1:{CRYPT}${hash}::::::\n`);
  const owners = isRoot
    ? 'default_internal_user = dovecot\ndefault_login_user = dovenull'
    : `default_internal_user = ${account('-un')}\ndefault_login_user = ${account('-un')}\ndefault_internal_group = ${account('-gn')}`;
  writeFileSync(
    `${dir}/dovecot.conf`,
    `base_dir = ${run}
state_dir = ${run}
instance_name = test-${port}
protocols = imap
listen = 127.0.0.1
${owners}
log_path = ${dir}/mail.log
auth_mechanisms = plain login
auth_failure_delay = 0
disable_plaintext_auth = no
ssl = yes
ssl_cert = <${certificate}
ssl_key = <${key}
ssl_dh =
mail_location = maildir:~/Maildir
mail_fsync = never
mail_max_userip_connections = 100
first_valid_uid = 1
first_valid_gid = 0
passdb {
  driver = passwd-file
  args = username_format=%u ${dir}/users
}
userdb {
  driver = static
  args = uid=${uid} gid=${gid} home=${mail}/%u
}
service imap-login {
  chroot =
  inet_listener imap {
    port = ${port}
  }
  inet_listener imaps {
    port = ${tlsPort}
    ssl = yes
  }
}
service anvil {
  chroot =
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service stats {
  chroot =
}
namespace inbox {
  inbox = yes
}
`,
  );
  const server = await startServer('dovecot', ['-F', '-c', `${dir}/dovecot.conf`], {
    cwd: dir,
    ports: [port, tlsPort],
  });
  async function stop(): Promise<void> {
    await server.stop();
    rmSync(run, { recursive: true, force: true });
  }
  return {
    ...server,
    port,
    tlsPort,
    user,
    password,
    authority,
    url: (scheme, path) => `${scheme}://${user}@127.0.0.1:${scheme === 'imap' ? port : tlsPort}/${path}`,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

function idOf(what: '-u' | '-g'): number {
  return Number(execFileSync('id', [what, 'www-data'], { encoding: 'utf8' }));
}
