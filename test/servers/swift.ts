import { mkdirSync, writeFileSync } from 'node:fs';
import { root } from '../support/paths.ts';
import { tempDir } from '../support/temp.ts';
import { requireTool } from '../support/tools.ts';
import { startServer } from './process.ts';

/** OpenStack Swift with the S3 API (packages swift-proxy, swift-account, swift-container, swift-object), on loopback. */
export interface SwiftServer extends AsyncDisposable {
  readonly port: number;
  /** Also the endpoint of S3, in path style; in virtual-host style its name is `localhost`. */
  readonly origin: string;
  /** Environment for swift URLs, by the version of the authentication. */
  readonly v1: Readonly<Record<string, string>>;
  readonly v2: Readonly<Record<string, string>>;
  readonly v3: Readonly<Record<string, string>>;
  /** Environment for S3. */
  readonly s3: Readonly<Record<string, string>>;
  /** A request with the rights of the owner, such as `PUT /container`. */
  request(method: string, path: string, headers?: Readonly<Record<string, string>>, body?: string): Promise<Response>;
  /** Makes listings of the container show these names as well: much faster than to store so many. */
  plant(container: string, names: readonly string[]): Promise<void>;
}

const SERVERS = ['account', 'container', 'object'];

export function requireSwift(): boolean {
  return ['proxy', ...SERVERS].every((name) => requireTool(`swift-${name}-server`));
}

/** Policies are gold (default), silver and PCA; the user tester of the project test has the password testing. */
export async function startSwift(): Promise<SwiftServer> {
  const dir = tempDir();
  mkdirSync(`${dir}/etc`);
  mkdirSync(`${dir}/data/disk`, { recursive: true });
  mkdirSync(`${dir}/cache`);
  writeFileSync(`${dir}/etc/swift.conf`, SWIFT_CONF);
  for (const name of SERVERS) writeFileSync(`${dir}/etc/${name}-server.conf`, storageConf(dir, name));
  writeFileSync(`${dir}/etc/proxy-server.conf`, proxyConf(dir));
  // Debian's packages are for Debian's Python, whatever else is in PATH.
  const server = await startServer('/usr/bin/python3', [`${root}/test/servers/swift-all-in-one.py`, dir], {
    ready: /^(\d+)\n/m,
    env: { PATH: process.env['PATH'], LANG: 'C.UTF-8', HOME: dir },
    cwd: dir,
  });
  const port = Number(server.said);
  const origin = `http://127.0.0.1:${port}`;
  const { headers } = await fetch(`${origin}/auth/v1.0`, {
    headers: { 'X-Auth-User': 'test:tester', 'X-Auth-Key': 'testing' },
  });
  const token = headers.get('x-auth-token') ?? '';
  return {
    port,
    origin,
    v1: { SWIFT_AUTHURL: `${origin}/auth/v1.0`, SWIFT_USERNAME: 'test:tester', SWIFT_PASSWORD: 'testing' },
    v2: {
      SWIFT_AUTHVERSION: '2',
      SWIFT_AUTHURL: `${origin}/v2.0`,
      SWIFT_USERNAME: 'tester',
      SWIFT_PASSWORD: 'testing',
      SWIFT_TENANTNAME: 'test',
      SWIFT_REGIONNAME: 'RegionOne',
    },
    v3: {
      SWIFT_AUTHVERSION: '3',
      SWIFT_AUTHURL: `${origin}/v3`,
      SWIFT_USERNAME: 'tester',
      SWIFT_PASSWORD: 'testing',
      SWIFT_TENANTNAME: 'test',
      SWIFT_USER_DOMAIN_NAME: 'Default',
      SWIFT_PROJECT_DOMAIN_NAME: 'Default',
      SWIFT_REGIONNAME: 'RegionOne',
    },
    s3: { AWS_ACCESS_KEY_ID: 'test:tester', AWS_SECRET_ACCESS_KEY: 'testing' },
    request: (method, path, more = {}, body) =>
      fetch(`${origin}/v1/AUTH_test${path}`, {
        method,
        headers: { ...more, 'X-Auth-Token': token },
        ...(body !== undefined && { body }),
      }),
    async plant(container, names) {
      const { ok } = await fetch(`${origin}/plant/${container}`, { method: 'POST', body: JSON.stringify(names) });
      if (!ok) throw new Error('planting failed');
    },
    [Symbol.asyncDispose]: () => server.stop(),
  };
}

const SWIFT_CONF = `[swift-hash]
swift_hash_path_prefix = prefix
swift_hash_path_suffix = suffix
[storage-policy:0]
name = gold
default = yes
[storage-policy:1]
name = silver
[storage-policy:2]
name = PCA
`;

function storageConf(dir: string, name: string): string {
  return `[DEFAULT]
swift_dir = ${dir}/etc
devices = ${dir}/data
mount_check = false
disable_fallocate = true
fallocate_reserve = 0
log_address = /dev/null
recon_cache_path = ${dir}/cache
[pipeline:main]
pipeline = ${name}-server
[app:${name}-server]
use = egg:swift#${name}
auto_create_account_prefix = .
`;
}

function proxyConf(dir: string): string {
  return `[DEFAULT]
swift_dir = ${dir}/etc
log_address = /dev/null
[pipeline:main]
pipeline = catch_errors gatekeeper listing_formats s3api tempauth copy slo dlo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
[filter:catch_errors]
use = egg:swift#catch_errors
[filter:gatekeeper]
use = egg:swift#gatekeeper
[filter:listing_formats]
use = egg:swift#listing_formats
[filter:s3api]
use = egg:swift#s3api
location = us-east-1
storage_domain = localhost
check_bucket_owner = false
dns_compliant_bucket_names = true
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = testing .admin
user_test_reader = reading
[filter:copy]
use = egg:swift#copy
[filter:slo]
use = egg:swift#slo
min_segment_size = 1
[filter:dlo]
use = egg:swift#dlo
`;
}
