import { mkdirSync, writeFileSync } from 'node:fs';
import { beforeAll, describe, expect, test } from 'vitest';
import { check } from '../../src/actions/check/check.ts';
import { hashFile } from '../../src/pipeline/remote.ts';
import { readLocks } from '../../src/crypto/openpgp/reading/locks.ts';
import { readLedger } from '../../src/cache/ledger.ts';
import { openArchiveDir } from '../../src/cache/archive-dir.ts';
import { readHead } from '../../src/repository/read-head.ts';
import type { MemoryBackend } from '../../src/testing/memory-backend.ts';
import { ECC_KEY, gnupgHome, PASSPHRASE, RSA_KEY } from '../support/gnupg.ts';
import { ask, type Machine, restored } from '../support/in-process.ts';
import type { Listed } from '../support/listing.ts';
import { succeeded } from '../support/processes.ts';
import { runReference } from '../support/run.ts';
import { treeOf } from '../support/scene.ts';
import { tempDir } from '../support/temp.ts';
import { requireReference, requireTool } from '../support/tools.ts';
import { elsewhere, rekeyed, stored } from './places.ts';

const RSA_SUBKEY = 'EC8AB4E7D34854AA';
const ECC_SUBKEY = '85851A3EE44B92C4';

/** Who can open each file of a place. */
async function locks(on: Machine, place: MemoryBackend): Promise<readonly string[]> {
  const all = new Set<string>();
  for (const name of place.files.keys()) {
    const lock = readLocks(await ask(on, place, (repository) => readHead(repository, name, 16_384)));
    all.add(lock === undefined ? 'none' : [...lock.keys, ...(lock.passphrases > 0 ? ['passphrase'] : [])].join(' '));
  }
  return [...all];
}

describe.runIf(requireTool('gpg'))('from one key to another', () => {
  let rsa = '';
  let ecc = '';
  let on: Machine;
  let place: MemoryBackend;
  let wanted: readonly Listed[];
  beforeAll(async () => {
    rsa = gnupgHome('rsa');
    ecc = gnupgHome('ecc');
    ({ on, place } = await stored({ encryptKey: [RSA_KEY], signKey: RSA_KEY }, { GNUPGHOME: rsa, PASSPHRASE }));
    wanted = await restored(on, place, 1);
  });

  test('each opens it, then only the new one; check is clean, the ledger and the data are right', async () => {
    const set = [...readLedger(openArchiveDir(on.archive, ''))].findLast((record) => record.what === 'made');
    expect(set).toMatchObject({ what: 'made' });
    const bodies = new Map(
      [...place.files].map(([name, bytes]) => [name, bytes.subarray(-100, -1).toString('latin1')]),
    );
    const planned = await rekeyed(on, place, { keys: [ECC_KEY], dryRun: true });
    expect(planned).toMatchObject({ found: 2, passes: 1, isPlanned: true });
    expect(planned.rekeyed.map(({ files }) => files)).toEqual([5, 4]);
    expect(await locks(on, place)).toEqual([RSA_SUBKEY]);

    const added = await rekeyed(on, place, { keys: [ECC_KEY] });
    expect(added.rekeyed.map(({ files }) => files)).toEqual([5, 4]);
    expect(await locks(on, place)).toEqual([[ECC_SUBKEY, RSA_SUBKEY].sort().join(' ')]);
    expect(await restored(elsewhere(on, { GNUPGHOME: ecc, PASSPHRASE }), place, 1)).toEqual(wanted);
    expect(await restored(elsewhere(on, { GNUPGHOME: rsa, PASSPHRASE }), place, 1)).toEqual(wanted);
    // A manifest has other hashes in it.
    const others = [...place.files].filter(([name]) => !name.includes('manifest'));
    const tails = others.map(([name, bytes]) => [name, bytes.subarray(-100, -1).toString('latin1')]);
    expect(tails).toEqual(others.map(([name]) => [name, bodies.get(name)]));
    expect((await rekeyed(on, place, { keys: [ECC_KEY] })).rekeyed).toEqual([]);

    // Dropping needs no secret key but that of the manifests.
    const dropped = await rekeyed(elsewhere(on, { GNUPGHOME: ecc, PASSPHRASE }), place, { drop: [RSA_KEY] });
    expect(dropped.rekeyed).toHaveLength(2);
    expect(await locks(on, place)).toEqual([ECC_SUBKEY]);
    await expect(restored(elsewhere(on, { GNUPGHOME: rsa, PASSPHRASE }), place, 1)).rejects.toThrow(/secret key/i);
    expect(await restored(elsewhere(on, { GNUPGHOME: ecc, PASSPHRASE }), place, 1)).toEqual(wanted);
    await expect(rekeyed(elsewhere(on, { GNUPGHOME: ecc, PASSPHRASE }), place, { drop: ['all'] })).rejects.toThrow(
      'Nobody could open',
    );
    expect(await locks(on, place)).toEqual([ECC_SUBKEY]);
  });

  test('check and the ledger of the one who did it', async () => {
    const { on, place } = await stored({ encryptKey: [RSA_KEY], signKey: RSA_KEY }, { GNUPGHOME: rsa, PASSPHRASE });
    const both = { ...on, env: { GNUPGHOME: gnupgHome(), PASSPHRASE } };
    await rekeyed(both, place, { keys: [ECC_KEY], drop: [RSA_SUBKEY], atOnce: true });
    const archiveDir = openArchiveDir(on.archive, '');
    const made = readLedger(archiveDir).filter((record) => record.what === 'made');
    const hashes = archiveDir
      .list()
      .filter((name) => name.endsWith('.manifest'))
      .map((name) => hashFile(archiveDir.pathOf(name), 'SHA1'));
    expect(hashes).toEqual(expect.arrayContaining([made.at(-1)?.manifest]));
    const report = await ask(both, place, (repository) => check(repository, {}));
    expect(report.damage).toEqual([]);
    expect(report.now.files + report.before.files).toBeGreaterThan(5);
  });

  test.runIf(requireReference())('duplicity 0.8.22 reads what comes of it, signatures of the signer too', async () => {
    const dir = tempDir();
    mkdirSync(`${dir}/remote`);
    for (const [name, bytes] of place.files) writeFileSync(`${dir}/remote/${name}`, bytes);
    const env = { GNUPGHOME: ecc, PASSPHRASE };
    const words = ['--no-print-statistics', '--sign-key', RSA_KEY, `file://${dir}/remote`, `${dir}/out`];
    succeeded(await runReference(['restore', ...words], { env, home: dir }));
    expect(treeOf(`${dir}/out`)).toEqual(wanted);
  });

  test('from a key to a passphrase, and what is told no key is refused', async () => {
    const { on, place } = await stored(
      { encryptKey: [RSA_KEY] },
      { GNUPGHOME: rsa, PASSPHRASE, NEW_PASSPHRASE: 'new one' },
    );
    await rekeyed(on, place, { newPassphrase: true, drop: ['all'] });
    expect(await locks(on, place)).toEqual(['passphrase']);
    expect(await restored(elsewhere(on, { PASSPHRASE: 'new one' }), place, 1)).toEqual(wanted);
    await expect(rekeyed(on, place, {})).rejects.toThrow('rekey is told no key');
    await expect(rekeyed(on, place, { drop: ['nobody at all'] })).rejects.toThrow(
      'no key "nobody at all" is in the key ring',
    );
    await expect(rekeyed(on, place, { keys: ['nobody'] })).rejects.toThrow(/nobody/);
  });
});

test.runIf(requireReference())('from one passphrase to another, as duplicity 0.8.22 reads it', async () => {
  const { on, place } = await stored({}, { PASSPHRASE: 'old one', NEW_PASSPHRASE: 'new one' });
  const wanted = await restored(on, place, 1);
  await rekeyed(on, place, { newPassphrase: true, drop: ['passphrase'] });
  const dir = tempDir();
  mkdirSync(`${dir}/remote`);
  for (const [name, bytes] of place.files) writeFileSync(`${dir}/remote/${name}`, bytes);
  const env = { PASSPHRASE: 'new one' };
  const words = ['--no-print-statistics', `file://${dir}/remote`, `${dir}/out`];
  succeeded(await runReference(['restore', ...words], { env, home: dir }));
  expect(treeOf(`${dir}/out`)).toEqual(wanted);
  const damaged = [...place.files.keys()].find((name) => name.includes('vol2')) ?? '';
  const bytes = Buffer.from(place.files.get(damaged) ?? '');
  bytes[50_000] = (bytes[50_000] ?? 0) ^ 1;
  place.files.set(damaged, bytes);
  const next = elsewhere(on, { PASSPHRASE: 'new one', NEW_PASSPHRASE: 'newest' });
  await expect(rekeyed(next, place, { newPassphrase: true })).rejects.toThrow('hash mismatch');
});
