import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Backend } from '../../src/backends/backend.ts';
import type { OpenOptions } from '../../src/backends/open-options.ts';
import { openBackend } from '../../src/backends/registry.ts';
import { parseUrl } from '../../src/backends/url/url.ts';
import { withListedNames } from '../../src/backends/wrap/listed-names.ts';
import { withRetry } from '../../src/backends/wrap/retry.ts';
import { conformance } from '../conformance/conformance.ts';
import { connectionString, requireAzurite, startAzurite } from '../servers/azurite.ts';
import { requireB2, startB2 } from '../servers/b2.ts';
import { dropboxApp, dropboxAt, startDropbox } from '../servers/dropbox.ts';
import { startFaultyProxy, type FaultyProxy } from '../servers/http-faults.ts';
import { AZURE, B2, DROPBOX, S3, SWIFT, zooOf, type Dialect } from '../servers/http-zoo.ts';
import { requireSwift, startSwift } from '../servers/swift.ts';
import { duplicity, good, noise, PLAIN, put, scene, treeOf, type Outcome } from '../support/scene.ts';
import { openOptions } from '../support/open-options.ts';
import { timeOfSet } from '../support/times.ts';
import { requireTool } from '../support/tools.ts';
import { tempDir } from '../support/temp.ts';

/** A real server behind a proxy that makes it another animal. */
interface Cage {
  readonly proxy: FaultyProxy;
  url(place: string): string;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly options?: readonly string[];
  /** What the options say, for the driver alone. */
  readonly settings?: NonNullable<OpenOptions['settings']>;
  readonly server: AsyncDisposable;
}

async function s3(): Promise<Cage> {
  const server = await startSwift();
  await server.request('PUT', '/bucket');
  const proxy = await startFaultyProxy(server.port);
  const options = ['--s3-endpoint-url', proxy.origin];
  const settings = { s3EndpointUrl: proxy.origin };
  return {
    proxy,
    url: (place) => `s3://bucket/${place}`,
    env: server.s3,
    options,
    settings,
    server,
  };
}

async function swift(): Promise<Cage> {
  const server = await startSwift();
  const proxy = await startFaultyProxy(server.port);
  const headers = { 'X-Auth-User': 'test:tester', 'X-Auth-Key': 'testing' };
  const token = (await fetch(`${server.origin}/auth/v1.0`, { headers })).headers.get('x-auth-token') ?? '';
  const env = { SWIFT_PREAUTHURL: `${proxy.origin}/v1/AUTH_test`, SWIFT_PREAUTHTOKEN: token };
  return { proxy, url: (place) => `swift://container/${place}`, env, server };
}

async function azure(): Promise<Cage> {
  const server = await startAzurite();
  const proxy = await startFaultyProxy(Number(new URL(server.origin).port));
  const env = { AZURE_CONNECTION_STRING: connectionString(proxy.origin) };
  return { proxy, url: (place) => `azure://${place}`, env, server };
}

async function b2(): Promise<Cage> {
  const server = await startB2(100_000_000);
  const proxy = await startFaultyProxy(server.port);
  const env = { ...server.env, B2_API_URL: proxy.origin };
  const url = (place: string): string => `b2://${server.key.id}@${place}-bucket/x`;
  return { proxy, url, env, server };
}

async function dropbox(): Promise<Cage> {
  const server = await startDropbox();
  const proxy = await startFaultyProxy(server.plainPort, server.certificate);
  const env = { ...dropboxAt(Number(new URL(proxy.origin).port)), ...dropboxApp(server) };
  const options = ['--ssl-cacert-file', server.authority];
  const settings = { sslCacertFile: server.authority };
  return { proxy, url: (place) => `dpbx:///${place}`, env, options, settings, server };
}

const KINDS: readonly (readonly [string, Dialect, boolean, () => Promise<Cage>])[] = [
  ['s3', S3, requireSwift(), s3],
  ['swift', SWIFT, requireSwift(), swift],
  ['azure', AZURE, requireAzurite(), azure],
  ['b2', B2, requireB2(), b2],
  ['dpbx', DROPBOX, requireTool('openssl'), dropbox],
];

for (const [name, dialect, isHere, open] of KINDS) {
  describe.runIf(isHere)(`${name}://`, () => {
    const zoo = zooOf(dialect);
    let cage: Cage;
    let places = 0;

    beforeAll(async () => {
      cage = await open();
    });
    beforeEach(() => cage.proxy.set());
    afterAll(async () => {
      await cage.proxy[Symbol.asyncDispose]();
      await cage.server[Symbol.asyncDispose]();
    });

    const options = (): string[] => [...PLAIN, ...(cage.options ?? [])];
    const here = () => {
      const made = { ...scene(), url: cage.url(`zoo-${++places}`) };
      put(made.source, { 'a file': 'one', large: noise(1_500_000) });
      return made;
    };
    const run = (...args: readonly string[]): Promise<Outcome> => duplicity([...options(), ...args], { env: cage.env });
    const works = (...args: readonly string[]): Promise<Outcome> => good([...options(), ...args], { env: cage.env });

    describe('lagging and cutting', () => {
      beforeEach(() => cage.proxy.set(...zoo.lagging(0), ...zoo.cutting(), ...zoo.old));
      const opened = async (): Promise<Backend> => {
        const { env, settings = {} } = cage;
        const driver = await openBackend(parseUrl(cage.url('zoo-conformance')), openOptions({ env, settings }));
        return withRetry(withListedNames(driver), { tries: 5, delayMs: 0, emit: () => undefined });
      };
      conformance(name, opened, { names: 12 });
    });

    test('a store that lags and cuts keeps a backup through its life', async () => {
      const { source, url, dir } = here();
      // The listing at the beginning, and the first one at the end.
      cage.proxy.set(...zoo.lagging(2), ...zoo.cutting(), ...zoo.old);
      expect((await works('--volsize', '1', source, url)).stdout).toContain('Attempt of put Nr. 1 failed.');
      put(source, { 'a file': 'two, longer', new: noise(10_000, 7) }, timeOfSet(0));
      cage.proxy.set(...zoo.cutting(), ...zoo.old);
      await works(source, url);
      cage.proxy.set(...zoo.lagging(0), ...zoo.cutting(), ...zoo.old);
      const elsewhere = { env: cage.env, home: tempDir() };
      const { stdout } = await good([...options(), 'restore', url, `${dir}/back`], elsewhere);
      for (const nth of [1, 2]) expect(stdout).toContain(`Attempt of get Nr. ${nth} failed.`);
      expect(treeOf(`${dir}/back`)).toEqual(treeOf(source));
    });

    test('a store that takes a backup and lists nothing of it is told (52), and the next run makes up for it', async () => {
      const { source, url } = here();
      cage.proxy.set(...zoo.hiding());
      const { status, stderr } = await run('--num-retries', '1', source, url);
      expect(stderr).toMatch(/The storage took 3 file\(s\), but its listing shows none of them: duplicity-\S+/);
      expect(status).toBe(52);
      cage.proxy.set();
      await works(source, url);
      expect((await works('verify', '--compare-data', url, source)).stdout).toContain(' 0 differences found.\n');
    });

    test('a store that takes a file and has none is told (44)', async () => {
      const { source, url } = here();
      cage.proxy.set(...zoo.losing());
      const { status, stderr } = await run('--num-retries', '1', source, url);
      expect(stderr).toContain('It is not on the remote.');
      expect(status).toBe(44);
    });

    test('a store that refuses is told at once, in a sentence', async () => {
      const { source, url } = here();
      cage.proxy.set(...zoo.refusing());
      const { status, stderr, stdout } = await run(source, url);
      expect(status).toBe(51);
      expect(stderr).toMatch(/Giving up after 1 attempts\. \w+: Cannot store duplicity-\S+ /);
      expect(stdout + stderr).not.toMatch(/^ +at /m);
    });

    test.runIf(name === 'swift')(
      'a place that lists nothing is found out by validate-backend and replicate',
      async () => {
        const { source, remote } = here();
        const local = `file://${remote}`;
        await works(source, local);
        cage.proxy.set(...zoo.hiding());
        const copied = await run('replicate', '--num-retries', '1', local, cage.url('copy'));
        expect(copied.stderr).toContain('but its listing shows none of them: duplicity-full');
        expect(copied.status).toBe(52);
        const tried = await run('validate-backend', '--num-retries', '1', cage.url('trial'));
        expect(tried.stdout).toContain('an uploaded file is not listed');
        expect(tried.status).toBe(50);
      },
    );

    test.runIf(name === 'swift')('a place that lists late is found good by validate-backend', async () => {
      cage.proxy.set(...zoo.lagging(1));
      const { status, stdout } = await run('validate-backend', cage.url('late'));
      expect(stdout).toMatch(/^good +the listing shows each file once, and its size: after 2 s$/m);
      expect(status).toBe(0);
    });
  });
}
