import type { Codec } from '../codec.ts';
import type { GpgVersion } from './run/arguments.ts';
import { decrypt } from './decrypt.ts';
import { createGpgFile, tryEncryption } from './encrypt.ts';
import { firstAlone } from './run/first-alone.ts';
import type { GpgSettings } from './settings.ts';
import { askVersion } from './run/version.ts';

/** Files encrypted and decrypted by a gpg process each. gpg is not touched before the first file needs it. */
export function gpgCodec(settings: GpgSettings, warn: (text: string) => void): Codec {
  let asked: Promise<GpgVersion> | undefined;
  const version = (): Promise<GpgVersion> => (asked ??= askVersion(settings));
  return {
    suffix: '.gpg',
    prepare: async (signal) => tryEncryption(settings, await version(), signal),
    create: async (path, signal) => createGpgFile(settings, await version(), { path, signal }),
    open: firstAlone(async function* (path, options) {
      yield* decrypt(settings, await version(), { path, ...options, warn });
    }),
  };
}
