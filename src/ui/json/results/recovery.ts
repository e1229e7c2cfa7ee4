import type { RecoveryKit } from '../../../actions/recovery/kit.ts';
import { timeFields } from '../fields.ts';
import type { RecoveryFields } from '../shapes/recovery.ts';
import { setFields } from './sets.ts';

export function recoveryFields(kit: RecoveryKit): RecoveryFields {
  const { url, sets, earlier, passphrase, keys, hiddenKeys, sheet, script } = kit;
  return {
    url,
    sets: sets.map(({ volumes, bytes, manifest, ...set }) => ({
      ...setFields(set),
      volumes,
      ...(bytes !== undefined && { bytes }),
      manifest,
    })),
    earlier: earlier.map((time) => timeFields('time', time)),
    passphrase,
    keys: keys.map(({ id, fingerprint, user }) => ({
      id,
      ...(fingerprint !== undefined && { fingerprint }),
      ...(user !== undefined && { user }),
    })),
    hiddenKeys,
    sheet,
    script,
  };
}
