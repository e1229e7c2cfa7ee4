import { createHash } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { execFileSync } from 'node:child_process';

import { makeCertificate, openssl } from './certificate.ts';
import { freePorts, startServer, type ServerProcess } from './process.ts';

export interface DavServer extends ServerProcess {
  /** Holds a directory for each place. */
  readonly data: string;
  readonly authority: string;
  readonly user: string;
  readonly password: string;
  readonly port: number;
  readonly tlsPort: number;
  /** With user and password, encoded; `path` is `place/directory`. */
  url(scheme: 'webdav' | 'webdavs', path: string): string;
}

const MODULES = [
  'mpm_event authn_core authn_file authz_core authz_user auth_basic auth_digest alias dav dav_fs ssl',
  'socache_shmcb unixd dir setenvif headers',
]
  .join(' ')
  .split(' ');

/**
 * Apache's mod_dav. Places: `basic` and `digest` want the password, `open` does not; `moved` and `secured` are 301 to `basic`,
 * the second with TLS; `loop` to itself; `readonly` and `quota` (no file above 1 MiB) are open; `stay` moves nothing,
 * `visible` has no hidden files, `plain` is none of WebDAV. `more` lines come last. Needs no root.
 */
export async function startApacheDav(dir: string, more = ''): Promise<DavServer> {
  const [port = 0, tlsPort = 0] = await freePorts(2);
  const data = `${dir}/data`;
  const user = 'backup';
  const password = 'dav:s@cret/100% ü';
  const { authority, certificate, key } = makeCertificate(dir);
  const places = ['basic', 'digest', 'open', 'readonly', 'quota', 'stay', 'visible'];
  for (const place of places) mkdirSync(`${data}/${place}`, { recursive: true });
  mkdirSync(`${dir}/lock`);
  mkdirSync(`${dir}/plain`);
  writeFileSync(`${dir}/htpasswd`, `${user}:${openssl(['passwd', '-apr1', password])}\n`);
  const digest = createHash('md5').update(`${user}:dav:${password}`).digest('hex');
  writeFileSync(`${dir}/htdigest`, `${user}:dav:${digest}\n`);
  const isRoot = process.getuid?.() === 0;
  // Apache gives root up and has to find its files then.
  if (isRoot) {
    const uid = Number(execFileSync('id', ['-u', 'www-data'], { encoding: 'utf8' }));
    chmodSync(dir, 0o755);
    for (const path of [data, `${dir}/lock`, ...places.map((place) => `${data}/${place}`)]) chownSync(path, uid, uid);
  }
  const protectedBy = (type: string, file: string): string => `AuthType ${type}
  AuthName dav
  ${file}
  Require valid-user`;
  writeFileSync(
    `${dir}/httpd.conf`,
    `ServerRoot ${dir}
ServerName 127.0.0.1
PidFile ${dir}/httpd.pid
Listen 127.0.0.1:${port}
Listen 127.0.0.1:${tlsPort}
${MODULES.filter((name) => existsSync(libraryOf(name)))
  .map((name) => `LoadModule ${name}_module ${libraryOf(name)}`)
  .join('\n')}
${isRoot ? 'User www-data\nGroup www-data' : ''}
DefaultRuntimeDir ${dir}
Mutex file:${dir}/lock default
ErrorLog ${dir}/error.log
LogFormat "%m %U %>s %k" short
CustomLog ${dir}/access.log short
StartServers 1
ServerLimit 2
ThreadsPerChild 16
MaxRequestWorkers 32
KeepAlive On
MaxKeepAliveRequests 0
KeepAliveTimeout 30
DavLockDB ${dir}/lock/locks
${places.map((place) => `Alias /${place} ${data}/${place}`).join('\n')}
Alias /plain ${dir}/plain
Redirect 301 /moved http://127.0.0.1:${port}/basic
Redirect 301 /secured https://127.0.0.1:${tlsPort}/basic
Redirect 301 /loop http://127.0.0.1:${port}/loop
<Directory />
  Require all denied
</Directory>
<Directory ${data}>
  Dav On
  AllowOverride None
  DirectoryIndex disabled
  Require all granted
</Directory>
<Directory ${data}/basic>
  ContentDigest On
  ${protectedBy('Basic', `AuthUserFile ${dir}/htpasswd`)}
</Directory>
<Directory ${data}/digest>
  ${protectedBy('Digest', `AuthDigestProvider file\n  AuthUserFile ${dir}/htdigest`)}
</Directory>
<Directory ${data}/readonly>
  <LimitExcept GET HEAD OPTIONS PROPFIND>
    Require all denied
  </LimitExcept>
</Directory>
<Directory ${data}/quota>
  LimitRequestBody 1048576
</Directory>
<Directory ${data}/stay>
  <Limit MOVE>
    Require all denied
  </Limit>
</Directory>
<Directory ${dir}/plain>
  Require all granted
</Directory>
<Directory ${data}/visible>
  <FilesMatch "^\\.">
    Require all denied
  </FilesMatch>
</Directory>
<VirtualHost 127.0.0.1:${tlsPort}>
  SSLEngine on
  SSLCertificateFile ${certificate}
  SSLCertificateKeyFile ${key}
</VirtualHost>
${more}
`,
  );
  const server = await startServer('apache2', ['-D', 'FOREGROUND', '-f', `${dir}/httpd.conf`], {
    cwd: dir,
    ports: [port, tlsPort],
  });
  return {
    ...server,
    data,
    authority,
    user,
    password,
    port,
    tlsPort,
    url: (scheme, path) =>
      `${scheme}://${user}:${encodeURIComponent(password)}@127.0.0.1:${scheme === 'webdavs' ? tlsPort : port}/${path}`,
  };
}

/** Not there for what is built into the server. */
function libraryOf(module: string): string {
  return `/usr/lib/apache2/modules/mod_${module}.so`;
}
