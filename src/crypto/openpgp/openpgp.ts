import type { Codec } from '../codec.ts';
import type { GpgVersion } from '../gpg/run/arguments.ts';
import { gpgCodec } from '../gpg/gpg.ts';
import { type GpgSettings, isSymmetric } from '../gpg/settings.ts';
import { askVersion } from '../gpg/run/version.ts';
import { openPgpReader } from './decrypt.ts';
import { createOpenPgpFile, type Encryption } from './encrypt.ts';
import { passphraseOf, planEncryption } from './plan.ts';

/**
 * OpenPGP files. Data are encrypted in this process; gpg is asked for what concerns public keys and signatures, and does
 * all of it where something is asked for that is not understood here. Neither it nor the passphrase is touched before the
 * first file.
 */
export function openPgpCodec(settings: GpgSettings, warn: (text: string) => void): Codec {
  const gpg = gpgCodec(settings, warn);
  let asked: Promise<GpgVersion> | undefined;
  const version = (): Promise<GpgVersion> => (asked ??= askVersion(settings));
  let planned: Promise<Encryption | undefined> | undefined;
  const plan = (signal: AbortSignal): Promise<Encryption | undefined> =>
    (planned ??= planEncryption(settings, version, signal));
  return {
    suffix: '.gpg',
    async prepare(signal) {
      if (isSymmetric(settings) && settings.signKey === undefined) {
        // A key of it takes time to derive, and cannot be wrong.
        if (!settings.useAgent) passphraseOf(settings);
        return;
      }
      if ((await plan(signal)) === undefined) await gpg.prepare?.(signal);
    },
    async create(path, signal, { wantsDigest = false } = {}) {
      const encryption = await plan(signal);
      return encryption ? createOpenPgpFile(encryption, { path, signal, wantsDigest }) : await gpg.create(path, signal);
    },
    open: openPgpReader(settings, { version, fallback: (path, options) => gpg.open(path, options), warn }),
  };
}
