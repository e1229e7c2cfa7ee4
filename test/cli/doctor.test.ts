import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { doctor } from '../../src/actions/doctor/doctor.ts';
import type { DoctorResult, Finding } from '../../src/actions/doctor/finding.ts';
import { serverClock } from '../../src/actions/doctor/machine.ts';
import type { Backend } from '../../src/backends/backend.ts';
import { unreachable } from '../../src/backends/wrap/unreachable.ts';
import { open as openWebdav } from '../../src/backends/webdav/webdav.ts';
import { parseUrl } from '../../src/backends/url/url.ts';
import { encodingOf } from '../../src/cli/engine-options.ts';
import { defaultSettings, type Settings } from '../../src/cli/settings.ts';
import { BackendError } from '../../src/errors/errors.ts';
import { type MemoryBackend, memoryBackend } from '../../src/testing/memory-backend.ts';
import { bytePath } from '../../src/util/bytepath.ts';
import { runExample } from '../support/example.ts';
import { gnupgHome, RSA_KEY } from '../support/gnupg.ts';
import { act, backUp, type Machine, machine } from '../support/in-process.ts';
import { errorOf, json, resultOf } from '../support/json.ts';
import { put } from '../support/scene.ts';
import { requireTool } from '../support/tools.ts';

let on: Machine;
let place: MemoryBackend;

beforeEach(() => {
  on = machine();
  place = memoryBackend();
  put(on.source, { a: 'one' });
});

/** What doctor finds as if set `k` were to come. */
async function found(
  settings: Partial<Settings> = {},
  {
    backend = place,
    k = 1,
    env = {},
    tree = on.source,
  }: { backend?: Backend; k?: number; env?: Readonly<Record<string, string>>; tree?: string } = {},
): Promise<DoctorResult> {
  let result: DoctorResult | undefined;
  await act({ ...on, env }, backend, k, settings, async (repository) => {
    result = await doctor(
      { ...repository, url: 'file:///memory' },
      {
        source: { source: { path: bytePath(tree) }, absoluteSource: bytePath(tree), mayChangeSource: false },
        encoding: { ...encodingOf({ ...defaultSettings(), ...settings }), encryption: settings.noEncryption === false },
        packing: { volumeSize: 1024 * 1024 },
        env: { HOME: on.dir, PATH: process.env['PATH'], ...env },
        tell: () => undefined,
      },
    );
    return 0;
  });
  if (result === undefined) throw new Error('no result');
  return result;
}

const about = ({ findings }: DoctorResult, name: string): Finding | undefined =>
  findings.find((finding) => finding.about === name);

test('a machine and a place without fault are found fit, and nothing is left behind', async () => {
  await backUp(on, place, 0, {});
  const before = [...place.files.keys()];
  const result = await found();
  expect(result.findings.filter(({ state }) => state !== 'ok')).toEqual([]);
  expect(result.isFit).toBe(true);
  expect(result.findings.map((finding) => finding.about)).toEqual([
    'program',
    'home',
    'open files',
    'archive dir',
    'lock',
    'temporary files',
    'gpg',
    'encryption',
    'store',
    'storing',
    'reading',
    'deleting',
    'abilities',
    'clock',
    'newest set',
    'interrupted',
    'source',
  ]);
  expect([...place.files.keys()]).toEqual(before);
});

describe('trouble', () => {
  test('a place that cannot be reached is told, and all else too', async () => {
    const down = unreachable(new BackendError('BACKEND_ERROR', 'no route to it', { retryable: true }));
    const result = await found({}, { backend: down });
    expect(result.isFit).toBe(false);
    expect(about(result, 'store')).toMatchObject({ state: 'trouble', text: 'no route to it' });
    expect(about(result, 'source')).toMatchObject({ state: 'ok' });
  });

  test('a place where nothing can be stored', async () => {
    const refuse = (): Promise<never> =>
      Promise.reject(new BackendError('BACKEND_PERMISSION_DENIED', 'read only', { retryable: false }));
    const result = await found({}, { backend: { ...place, put: refuse } });
    expect(about(result, 'storing')).toMatchObject({ state: 'trouble', text: 'read only' });
    expect(result.isFit).toBe(false);
    const kept = await found({}, { backend: { ...place, delete: refuse } });
    expect(about(kept, 'deleting')).toMatchObject({ state: 'warning', text: expect.stringContaining('append-only') });
    expect(kept.isFit).toBe(true);
  });

  test('a passphrase that does not open what is there', async () => {
    await backUp({ ...on, env: { PASSPHRASE: 'right' } }, place, 0, { noEncryption: false });
    const right = await found({ noEncryption: false }, { env: { PASSPHRASE: 'right' } });
    expect(about(right, 'passphrase')).toMatchObject({ state: 'ok' });
    const wrong = await found({ noEncryption: false }, { env: { PASSPHRASE: 'wrong' } });
    expect(about(wrong, 'passphrase')).toMatchObject({ state: 'trouble' });
    expect(wrong.isFit).toBe(false);
  });

  test('a source that is not that of the last set, and one that is not there', async () => {
    await backUp(on, place, 0, {});
    mkdirSync(`${on.dir}/other`);
    const other = await found({}, { tree: `${on.dir}/other` });
    expect(about(other, 'source')).toMatchObject({ state: 'trouble', text: expect.stringContaining('has changed') });
    const none = await found({}, { tree: `${on.dir}/none` });
    expect(about(none, 'source')).toMatchObject({ state: 'trouble', text: expect.stringContaining('does not exist') });
  });

  test('another run on the archive dir', async () => {
    await backUp(on, place, 0, {});
    writeFileSync(`${on.archive}/lockfile`, `pid 1 host ${(await import('node:os')).hostname()} since 1\n`);
    expect(about(await found(), 'lock')).toMatchObject({
      state: 'trouble',
      text: expect.stringContaining('process 1'),
    });
  });

  test.runIf(requireTool('gpg'))('keys that are unknown or have expired, and those that soon will', async () => {
    const env = { GNUPGHOME: gnupgHome(), PASSPHRASE: 'golden' };
    const result = await found(
      { noEncryption: false, encryptKey: [RSA_KEY, '0123456789ABCDEF'], signKey: RSA_KEY },
      { env },
    );
    const keys = result.findings.filter((finding) => finding.about.endsWith('key'));
    expect(keys.map(({ state }) => state)).toEqual(['ok', 'trouble', 'ok']);
    expect(keys[0]?.text).toContain('its secret half is here');
    expect(about(result, 'encryption')).toMatchObject({ state: 'trouble' });
    const { spawnSync } = await import('node:child_process');
    const expire = (when: string, more: readonly string[] = []): void => {
      const words = ['--homedir', env.GNUPGHOME, '--batch', '--pinentry-mode', 'loopback', '--passphrase', 'golden'];
      const fingerprint = /^fpr:+(\w+):/m.exec(
        spawnSync('gpg', [...words, '--with-colons', '-k', RSA_KEY], { encoding: 'utf8' }).stdout,
      )?.[1];
      spawnSync('gpg', [...words, '--quick-set-expire', fingerprint ?? '', when, ...more]);
    };
    expire('seconds=864000', ['*']);
    const soon = await found(
      { noEncryption: false, encryptKey: [RSA_KEY] },
      { env, k: Math.round((Date.now() / 1000 - 1_700_000_000) / 86_400) },
    );
    expect(about(soon, 'encrypt key')).toMatchObject({ state: 'warning', text: expect.stringContaining('expires') });
  });
});

test('the clock is compared with what a server says over HTTP, and with the sets that are there', async () => {
  const server = createServer((_request, response) => {
    response.setHeader('Date', new Date(Date.now() - 3_600_000).toUTCString());
    response.statusCode = 207;
    response.setHeader('Content-Type', 'application/xml');
    response.end('<?xml version="1.0"?><D:multistatus xmlns:D="DAV:"></D:multistatus>');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const signal = AbortSignal.timeout(10_000);
  await using backend = await openWebdav(parseUrl(`webdav://127.0.0.1:${port}/x`), { signal, makesPlace: false });
  const refuse = (): Promise<never> =>
    Promise.reject(new BackendError('BACKEND_ERROR', 'not tried', { retryable: false }));
  const result = await found({}, { backend: { ...backend, put: refuse } });
  expect(about(result, 'server clock')).toMatchObject({
    state: 'warning',
    text: expect.stringMatching(/^this machine is 36\d\d s ahead of the server$/),
  });
  expect(serverClock({ server: 1000, here: 31_000 })).toMatchObject({ state: 'ok' });
  await backUp(on, place, 5, {});
  expect(about(await found({}, { k: 1 }), 'clock')).toMatchObject({ state: 'warning' });
});

test('its result is a line of JSON, also when that is an error; no archive dir is made', async () => {
  mkdirSync(`${on.dir}/place`);
  const words = ['doctor', '--no-encryption', '--archive-dir', `${on.dir}/cache`, `file://${on.dir}/place`];
  const fit = resultOf(await json([...words, on.source]), 'doctor').result;
  expect(fit).toMatchObject({ isFit: true });
  expect(fit.findings).toContainEqual({ about: 'storing', state: 'ok', text: 'files can be stored' });
  expect(readdirSync(on.dir).toSorted()).toEqual(['place', 'source', 'tmp']);
  const failed = errorOf(await json([...words, `${on.dir}/none`]));
  expect(failed).toMatchObject({ code: 'WOULD_FAIL', exitStatus: 109, result: { isFit: false } });
});

test('the example of docs/doctor.md is what happens', async () => {
  expect(await runExample('docs/doctor.md')).toMatchObject({ steps: 4 });
});
