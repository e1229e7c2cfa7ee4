import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';

import { makeCertificate, openssl } from './certificate.ts';
import { freePorts, startServer, type ServerProcess } from './process.ts';

export interface FtpServer extends ServerProcess {
  /** What the user sees as `/` is the disk's `/`; logins start here. */
  readonly home: string;
  readonly authority: string;
  readonly user: string;
  /** Holds the characters that mean something in a URL. */
  readonly password: string;
  readonly ports: {
    /** Plain and AUTH TLS. */
    readonly plain: number;
    readonly implicit: number;
    /** AUTH TLS only; data connections must resume the session. */
    readonly strict: number;
    /** No MLSD in FEAT, nothing may be overwritten, two sessions at a time. */
    readonly old: number;
  };
  /** `ftpes://user:password@127.0.0.1:port/path`, everything encoded. */
  url(scheme: 'ftp' | 'ftps' | 'ftpes', path: string, port?: number): string;
}

/**
 * ProFTPD with one virtual user; `readonly` below the home takes no writes. Data connections use the ports `passive`,
 * which follow each other; any without it. `more` is for the first server. Needs no root.
 */
export async function startProftpd(dir: string, passive: readonly number[] = [], more = ''): Promise<FtpServer> {
  const [plain = 0, implicit = 0, strict = 0, old = 0] = await freePorts(4);
  const home = `${dir}/home`;
  const user = 'backup';
  const password = 'p@ss:w/rd 100%';
  const { uid, gid, username } = userInfo();
  const { authority, certificate, key } = makeCertificate(dir);
  mkdirSync(`${home}/readonly`, { recursive: true });
  writeFileSync(`${dir}/passwd`, `${user}:${openssl(['passwd', '-6', password])}:${uid}:${gid}::${home}:/bin/sh\n`);
  writeFileSync(`${dir}/group`, `all:x:${gid}:${user}\n`);
  chmodSync(`${dir}/passwd`, 0o600);
  chmodSync(`${dir}/group`, 0o600);
  const tls = `TLSEngine on
  TLSProtocol TLSv1.2 TLSv1.3
  TLSECCertificateFile ${certificate}
  TLSECCertificateKeyFile ${key}
  TLSVerifyClient off`.replace('  TLSRSACertificateFile none\n', '');
  writeFileSync(
    `${dir}/proftpd.conf`,
    `ModulePath /usr/lib/proftpd
LoadModule mod_tls.c
ServerName test
ServerType standalone
DefaultAddress 127.0.0.1
SocketBindTight on
UseIPv6 off
UseReverseDNS off
Port ${plain}
User ${username}
Group ${execFileSync('id', ['-gn'], { encoding: 'utf8' }).trim()}
PidFile ${dir}/pid
ScoreboardFile ${dir}/scoreboard
DelayEngine off
WtmpLog off
MaxInstances none
<Global>
  RequireValidShell off
  AuthOrder mod_auth_file.c
  AuthUserFile ${dir}/passwd
  AuthGroupFile ${dir}/group
  RootLogin on
  Umask 022
  ${passive.length === 0 ? '' : `PassivePorts ${passive[0]} ${passive.at(-1)}`}
  TransferLog none
  SystemLog ${dir}/system.log
</Global>
AllowOverwrite on
<Directory ${home}/readonly>
  <Limit WRITE>
    DenyAll
  </Limit>
</Directory>
${more}
${tls}
TLSRequired off
TLSOptions NoSessionReuseRequired
<VirtualHost 127.0.0.1>
  Port ${implicit}
  AllowOverwrite on
  ${tls}
  TLSRequired on
  TLSOptions UseImplicitSSL NoSessionReuseRequired
</VirtualHost>
<VirtualHost 127.0.0.1>
  Port ${strict}
  AllowOverwrite on
  ${tls}
  TLSRequired on
</VirtualHost>
<VirtualHost 127.0.0.1>
  Port ${old}
  AllowOverwrite off
  FactsAdvertise off
  MaxClients 2 "Too many sessions, at most %m"
</VirtualHost>
`,
  );
  const ports = { plain, implicit, strict, old };
  const server = await startServer('proftpd', ['-n', '-c', `${dir}/proftpd.conf`], {
    cwd: dir,
    ports: Object.values(ports),
  });
  return {
    ...server,
    home,
    authority,
    user,
    password,
    ports,
    url: (scheme, path, port = scheme === 'ftps' ? implicit : plain) =>
      `${scheme}://${user}:${encodeURIComponent(password)}@127.0.0.1:${port}/${path}`,
  };
}
