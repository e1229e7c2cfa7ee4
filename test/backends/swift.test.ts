import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startFaultyProxy, type FaultyProxy } from '../servers/http-faults.ts';
import { requireSwift, startSwift, type SwiftServer } from '../servers/swift.ts';
import { some } from '../support/forms.ts';
import { PROGRAMS } from '../support/programs.ts';
import { duplicity, good, noise, PLAIN, put, treeOf, type Scene } from '../support/scene.ts';
import { requirePythonModule, requireReference } from '../support/tools.ts';
import { exchange, fullCycle, sceneAt } from './cycle.ts';

type Env = Readonly<Record<string, string>>;

describe.runIf(requireSwift())('swift:// on OpenStack Swift', () => {
  let server: SwiftServer;
  let proxy: FaultyProxy;
  let places = 0;

  beforeAll(async () => {
    server = await startSwift();
    proxy = await startFaultyProxy(server.port);
  });
  beforeEach(() => proxy.set());
  afterAll(async () => {
    await proxy[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  const place = (): string => `swift://container/place/${++places}`;
  const run = (args: readonly string[], env: Env) => duplicity([...PLAIN, ...args], { env });
  const login = (version: 'v1' | 'v2' | 'v3'): Env => server[version];

  /** A token of the real server, and the address of the proxy. */
  async function throughProxy(): Promise<Env> {
    const answer = await fetch(`${server.origin}/auth/v1.0`, {
      headers: { 'X-Auth-User': 'test:tester', 'X-Auth-Key': 'testing' },
    });
    return {
      SWIFT_PREAUTHURL: `${proxy.origin}/v1/AUTH_test`,
      SWIFT_PREAUTHTOKEN: answer.headers.get('x-auth-token') ?? '',
    };
  }

  function smallScene(content: string | Buffer = 'content'): Scene {
    const made = sceneAt(place());
    put(made.source, { file: content });
    return made;
  }

  async function objectsIn(container: string, url: string): Promise<string[]> {
    const prefix = url.replace('swift://container/', '');
    const answer = await server.request('GET', `/${container}?prefix=${prefix}/`);
    return answer.ok ? (await answer.text()).split('\n').filter((name) => name !== '') : [];
  }

  test('a backup goes through its whole life', async () => {
    expect(await fullCycle(sceneAt(place()), [], { env: login('v3') })).toEqual(['Full 1']);
  });

  describe.runIf(requireReference() && ['swiftclient', 'keystoneclient'].every(requirePythonModule))(
    'is exchanged with the reference',
    () => {
      test.each(some(PROGRAMS, (first) => first === 'ours'))('a chain begun by %s', async (first) => {
        const url = place();
        const urls = { ours: url, 'the reference': url };
        expect(await exchange(first, urls, { ours: [], 'the reference': [] }, { env: login('v3') })).toEqual(['Full']);
      });

      test.each(some(PROGRAMS, (first) => first === 'the reference'))(
        'a chain begun by %s in segments',
        async (first) => {
          const url = place();
          const urls = { ours: url, 'the reference': url };
          const words = ['--mp-segment-size', '1'];
          const args = { ours: words, 'the reference': words };
          expect(await exchange(first, urls, args, { env: login('v3') })).toEqual(['Full']);
        },
      );
    },
  );

  // With the reference, delete, size and segments fail without a word for versions 1 and 2.
  test.each(['v1', 'v2', 'v3'] as const)(
    'authentication %s stores in segments and deletes all of them',
    async (version) => {
      const { source, url, dir } = smallScene(noise(2_500_000));
      const options = { env: login(version) };
      await good(['--mp-segment-size', '1', source, url], options);
      expect(await objectsIn('container_segments', url)).toHaveLength(3);
      await good(['restore', url, `${dir}/out`], options);
      expect(treeOf(`${dir}/out`)).toEqual(treeOf(source));
      await good(['full', '--mp-segment-size', '1', source, url], options);
      await good(['remove-all-but-n-full', '1', '--force', url], options);
      expect(await objectsIn('container_segments', url)).toHaveLength(3);
      expect(await objectsIn('container', url)).toHaveLength(3);
    },
  );

  test('a new container has the policy asked for, and another one is refused', async () => {
    const { source } = smallScene();
    const policy = ['--swift-storage-policy', 'silver'];
    await good([...policy, source, 'swift://with-policy'], { env: login('v1') });
    expect((await server.request('HEAD', '/with-policy')).headers.get('x-storage-policy')).toBe('silver');
    const other = ['--swift-storage-policy', 'gold', source, 'swift://with-policy'];
    const { status, stderr } = await run(other, login('v1'));
    expect(status).toBe(38);
    expect(stderr).toContain('the container with-policy has the storage policy silver, not gold');
  });

  test.each(['v1', 'v2', 'v3'] as const)(
    'a wrong password is error 38 with %s, without the password',
    async (version) => {
      const env = { ...login(version), SWIFT_PASSWORD: 'hush-hush' };
      const { status, stderr, stdout } = await run(['collection-status', place()], env);
      expect(status).toBe(38);
      expect(stderr).toContain('refuses user or password');
      expect(stderr + stdout).not.toContain('hush-hush');
    },
  );

  test('variables that are not set are named', async () => {
    const { status, stderr } = await run(['collection-status', place()], { SWIFT_USERNAME: 'u' });
    expect(status).toBe(23);
    expect(stderr).toContain('SWIFT_PASSWORD and SWIFT_AUTHURL must be set');
  });

  test('a region that is not offered is told with those that are', async () => {
    const env = { ...login('v3'), SWIFT_REGIONNAME: 'RegionThree' };
    const { status, stderr } = await run(['collection-status', place()], env);
    expect(status).toBe(38);
    expect(stderr).toContain('RegionOne, RegionTwo');
  });

  test('a token that expires on the way is asked for again', async () => {
    const { source, url } = smallScene();
    // The address that the login gives is the server's own: the proxy stands before that one.
    const env = { ...(await throughProxy()), ...login('v1') };
    proxy.set({ method: 'PUT', path: /difftar/, count: 1, status: 401 });
    const startedWith = ['--num-retries', '1', source, url];
    const { status } = await run(startedWith, env);
    expect(status).toBe(0);
    const verified = await good(['verify', '--compare-data', url, source], { env: login('v1') });
    expect(verified.stdout).toContain(' 0 differences found.\n');
  });

  test('an expired token alone is told', async () => {
    const env = { ...(await throughProxy()), SWIFT_PREAUTHTOKEN: 'expired' };
    const { status, stderr } = await run(['collection-status', place()], env);
    expect(status).toBe(51);
    expect(stderr).toContain('the server does not accept the token');
  });

  test('a busy server is left alone for as long as it asks', async () => {
    const { source, url } = smallScene();
    proxy.set({ method: 'PUT', path: /difftar/, count: 1, status: 503, headers: { 'Retry-After': '1' } });
    const startedAt = Date.now();
    const { status, stdout } = await run([source, url], await throughProxy());
    expect(status).toBe(0);
    expect(stdout).toContain('Attempt of put Nr. 1 failed.');
    expect(Date.now() - startedAt).toBeGreaterThan(1000);
  });

  test('a full store is error 53 at once', async () => {
    const { source, url } = smallScene();
    proxy.set({ method: 'PUT', path: /difftar/, count: 9, status: 507 });
    const { status } = await run([source, url], await throughProxy());
    expect(status).toBe(53);
    expect(proxy.seen.filter((line) => /^PUT .*difftar/.test(line))).toHaveLength(1);
  });

  test('an upload whose answer is lost is done again, and there is one good copy', async () => {
    const { source, url } = smallScene();
    proxy.set({ method: 'PUT', path: /difftar/, count: 1, loseReply: true });
    const { status } = await run([source, url], await throughProxy());
    expect(status).toBe(0);
    expect(proxy.seen.filter((line) => /^PUT .*difftar/.test(line))).toHaveLength(2);
    const verified = await good(['verify', '--compare-data', url, source], { env: login('v1') });
    expect(verified.stdout).toContain(' 0 differences found.\n');
  });

  test.each([
    ['cut', { cutAt: 100_000 }],
    ['changed', { flipAt: 100_000 }],
  ])('a volume that is %s on its way back is fetched again', async (_title, fault) => {
    const { source, url, dir } = smallScene(noise(300_000));
    await good([source, url], { env: login('v1') });
    proxy.set({ method: 'GET', path: /^[^?]*difftar\.gz$/, count: 1, ...fault });
    const { status, stdout } = await run(['restore', url, `${dir}/out`], await throughProxy());
    expect(status).toBe(0);
    expect(stdout).toContain('Attempt of get Nr. 1 failed.');
    expect(treeOf(`${dir}/out`)).toEqual(treeOf(source));
  });

  test('a delete whose answer is lost is no failure', async () => {
    const { source, url } = smallScene();
    await good([source, url], { env: login('v1') });
    proxy.set({ method: 'DELETE', path: /difftar/, count: 1, loseReply: true });
    const { status } = await run(['remove-older-than', '0D', '--force', url], await throughProxy());
    expect(status).toBe(0);
  });

  describe('pca://', () => {
    const env = (): Env =>
      Object.fromEntries(Object.entries(login('v2')).map(([name, value]) => [name.replace('SWIFT', 'PCA'), value]));

    test('a backup goes through its whole life, in a container of the archive', async () => {
      expect(await fullCycle(sceneAt('pca://archive/place'), [], { env: env() })).toEqual(['Full 1']);
      expect((await server.request('HEAD', '/archive')).headers.get('x-storage-policy')).toBe('PCA');
    });

    test('a sealed volume is asked for again when the server says that it can be read', async () => {
      const { source, dir } = smallScene();
      const url = 'pca://archive/sealed';
      await good([source, url], { env: env() });
      const ready = Object.fromEntries(
        Object.entries(await throughProxy()).map(([name, value]) => [name.replace('SWIFT', 'PCA'), value]),
      );
      proxy.set({ method: 'GET', path: /^[^?]*difftar\.gz$/, count: 1, status: 429, headers: { 'Retry-After': '1' } });
      const { status, stdout } = await run(['restore', url, `${dir}/out`], ready);
      expect(stdout).toContain('is sealed and can be read at once');
      expect(status).toBe(0);
      expect(treeOf(`${dir}/out`)).toEqual(treeOf(source));
    });
  });
});
