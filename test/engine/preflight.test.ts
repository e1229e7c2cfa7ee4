import { chmodSync, statfsSync } from 'node:fs';
import { beforeEach, describe, expect, test } from 'vitest';
import type { Backend } from '../../src/backends/backend.ts';
import { backupOptions } from '../../src/cli/run/backup.ts';
import { backup } from '../../src/actions/backup/backup.ts';
import type { Settings } from '../../src/cli/settings.ts';
import { openArchiveDir } from '../../src/cache/archive-dir.ts';
import { BackendError, CryptoError } from '../../src/errors/errors.ts';
import type { Event } from '../../src/events/events.ts';
import { localBackend } from '../../src/backends/local/local.ts';
import { checkMayStore } from '../../src/repository/preflight/may-store.ts';
import { checkArchiveSpace } from '../../src/repository/preflight/resources.ts';
import { type MemoryBackend, memoryBackend } from '../../src/testing/memory-backend.ts';
import { bytePath } from '../../src/util/bytepath.ts';
import { gnupgHome, PASSPHRASE, RSA_KEY } from '../support/gnupg.ts';
import { act, ask, type Machine, machine } from '../support/in-process.ts';
import { noise, put } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { timeOfSet } from '../support/times.ts';
import { requireTool } from '../support/tools.ts';
import { requireMount, tmpfs } from '../support/tmpfs.ts';

let on: Machine;
let place: MemoryBackend;

beforeEach(() => {
  on = machine();
  place = memoryBackend();
  put(on.source, { a: 'one', b: 'two' });
});

/** What a backup says as set `k`, and how it fails. */
async function backUp(
  k: number,
  settings: Partial<Settings>,
  backend: Backend = place,
  kind: 'full' | 'backup' = 'backup',
): Promise<{ readonly error: unknown; readonly said: readonly Event[] }> {
  const said: Event[] = [];
  let error: unknown;
  const request = { action: kind, source: bytePath(on.source), url: 'memory://' } as const;
  await act(on, backend, k, { verbosity: 9, ...settings }, async (repository) => {
    const emit = (event: Event): void => void said.push(event);
    await backup({ ...repository, emit }, backupOptions(repository.settings, request)).catch((thrown: unknown) => {
      error = thrown;
    });
    return 0;
  });
  return { error, said };
}

const readSomething = (said: readonly Event[]): boolean => said.some(({ kind }) => kind.startsWith('file'));

describe.runIf(requireTool('gpg'))('keys', () => {
  const encrypted = { noEncryption: false, encryptKey: [RSA_KEY] };

  test('a recipient that is not in the key ring ends an increment before anything is read', async () => {
    const env = { GNUPGHOME: gnupgHome(), PASSPHRASE };
    on = { ...on, env };
    expect((await backUp(0, encrypted)).error).toBeUndefined();
    put(on.source, { c: 'three' }, timeOfSet(0));
    const { error, said } = await backUp(1, { ...encrypted, encryptKey: [RSA_KEY, '0123456789ABCDEF'] });
    expect(error).toBeInstanceOf(CryptoError);
    expect(String(error)).toContain('its public key is not in the key ring');
    expect(readSomething(said)).toBe(false);
  });

  test('so does one that gpg itself encrypts to, file by file', async () => {
    on = { ...on, env: { GNUPGHOME: gnupgHome(), PASSPHRASE } };
    const byGpg = {
      noEncryption: false,
      encryptKey: ['0123456789ABCDEF'],
      gpgOptions: ['--bzip2-compress-level', '1'],
    };
    const { error, said } = await backUp(0, byGpg);
    expect(String(error)).toContain('its public key is not in the key ring');
    expect(readSomething(said)).toBe(false);
  });

  test('a passphrase that does not open the key that signs ends it as early', async () => {
    on = { ...on, env: { GNUPGHOME: gnupgHome(), PASSPHRASE, SIGN_PASSPHRASE: 'not it' } };
    const { error, said } = await backUp(0, { ...encrypted, signKey: RSA_KEY });
    expect(String(error)).toContain('the passphrase does not unlock the signing key');
    expect(readSomething(said)).toBe(false);
    expect([...place.files.keys()]).toEqual([]);
  });
});

test('a full backup with another passphrase than the last is made, and warned of', async () => {
  const encrypted = { noEncryption: false };
  const warnings = (said: readonly Event[]): string =>
    said.flatMap((event) => (event.kind === 'warning' ? event.text : [])).join('\n');
  on = { ...on, env: { PASSPHRASE: 'right' } };
  await backUp(0, encrypted);
  const same = await backUp(1, encrypted, place, 'full');
  expect([same.error, warnings(same.said)]).toEqual([undefined, '']);
  on = { ...on, env: { PASSPHRASE: 'wrong' } };
  const other = await backUp(2, encrypted, place, 'full');
  expect(other.error).toBeUndefined();
  expect(warnings(other.said)).toMatch(
    /^The passphrase does not open the backup of .*: this full backup is made with/m,
  );
});

describe('a store that takes nothing', () => {
  const refusing = (): Backend => ({
    ...place,
    put: () => Promise.reject(new BackendError('BACKEND_PERMISSION_DENIED', 'not here', { retryable: false })),
  });

  test('ends an increment on a large tree before it is read, and leaves nothing where it does take', async () => {
    await backUp(0, {});
    const chain = (await ask(on, place, async () => openArchiveDir(on.archive, ''))).list();
    // As large as the signatures of some ten thousand files.
    const signatures = chain.find((name) => name.includes('signatures')) ?? '';
    const base = { signatures: { place: 'local', files: [{ name: 'much' }] } } as never;
    expect(signatures).not.toBe('');
    await openArchiveDir(on.archive, '').write('much', [noise(5 * 1024 * 1024)]);
    await expect(ask(on, refusing(), (repository) => checkMayStore(repository, base))).rejects.toThrow('not here');
    const before = [...place.files.keys()];
    await ask(on, place, (repository) => checkMayStore(repository, base));
    expect([...place.files.keys()]).toEqual(before);
    const little = { signatures: { place: 'local', files: [{ name: signatures }] } } as never;
    await ask(on, refusing(), (repository) => checkMayStore(repository, little));
  });

  test('where the probe cannot be deleted, it is left once and not sent again', async () => {
    await backUp(0, {});
    await openArchiveDir(on.archive, '').write('much', [noise(5 * 1024 * 1024)]);
    const base = { signatures: { place: 'local', files: [{ name: 'much' }] } } as never;
    let puts = 0;
    const appendOnly: Backend = {
      ...place,
      put: (name, body, call) => (puts++, place.put(name, body, call)),
      delete: () => Promise.reject(new BackendError('BACKEND_PERMISSION_DENIED', 'append only', { retryable: false })),
    };
    for (let i = 0; i < 2; i++) {
      await ask(on, appendOnly, async (repository) => {
        for await (const file of appendOnly.list(repository.call)) repository.remote.learn(file);
        await checkMayStore(repository, base);
      });
    }
    expect([puts, place.files.has('duplicity-probe')]).toEqual([1, true]);
  });

  test.runIf(process.getuid?.() !== 0)('is known of a directory by its permissions', async () => {
    const dir = tempDir();
    chmodSync(dir, 0o500);
    const { error, said } = await backUp(0, {}, localBackend(dir));
    expect(error).toMatchObject({ code: 'BACKEND_PERMISSION_DENIED' });
    expect(readSomething(said)).toBe(false);
  });
});

test.runIf(requireMount())('an archive dir without room for the metadata ends a full backup as early', async () => {
  const archive = tmpfs(4 * 1024 * 1024) ?? '';
  on = { ...on, archive };
  await backUp(0, {});
  const local = openArchiveDir(archive, '');
  const { bavail, bsize } = statfsSync(archive);
  await local.write('filler', [Buffer.alloc(bavail * bsize - 1024 * 1024)]);
  const large = { name: 'filler', kind: 'manifest', type: 'full', start: 1, end: 1 };
  await expect(
    ask(on, place, async (repository) => checkArchiveSpace(repository, { local: [large] } as never, 'full')),
  ).rejects.toMatchObject({ code: 'NOT_ENOUGH_FREESPACE', message: expect.stringContaining('backup needs approx') });
  await ask(on, place, async (repository) => checkArchiveSpace(repository, { local: [large] } as never, 'inc'));
});
