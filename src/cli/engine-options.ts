import type { Encoding } from '../repository/keys.ts';
import type { Settings } from './settings.ts';

/** How the options of the command line want files encoded. */
export function encodingOf(settings: Settings): Encoding {
  const { noEncryption, noCompression, encryptKey, hiddenEncryptKey, gpgBinary, gpgOptions } = settings;
  const { compressionLevel, signKey, useAgent } = settings;
  return {
    encryption: !noEncryption,
    compression: !noCompression,
    compressionLevel,
    recipients: encryptKey,
    hiddenRecipients: hiddenEncryptKey,
    signKey,
    useAgent,
    gpgBinary,
    gpgOptions,
  };
}
