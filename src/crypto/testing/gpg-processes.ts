import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Codec } from '../codec.ts';
import { never } from './files.ts';
import { tempDir } from './temp-dir.ts';

/** Processes this one has started and not waited for, zombies included, that are gpg: their ids. */
export function gpgProcesses(): string[] {
  return readdirSync('/proc').filter((pid) => {
    if (!/^\d+$/.test(pid)) return false;
    try {
      const [, name = '', parent = ''] = /\((.*)\) \S (\d+)/.exec(readFileSync(`/proc/${pid}/stat`, 'latin1')) ?? [];
      return parent === `${process.pid}` && name.startsWith('gpg');
    } catch {
      return false;
    }
  });
}

/** Secrets where the program finds them, all the same, and a variable that gpg is to get. */
export const SECRETS = { PASSPHRASE: 'golden', SIGN_PASSPHRASE: 'golden', FTP_PASSWORD: 'golden', KEPT: 'yes' };

/** What everybody sees of the gpg that writes a file of this codec. */
export async function shownByGpg(codec: Codec): Promise<{ readonly words: string; readonly environment: string }> {
  const file = await codec.create(join(tempDir(), 'f.gpg'), never);
  const [pid] = gpgProcesses();
  const words = readFileSync(`/proc/${pid}/cmdline`, 'latin1');
  const environment = readFileSync(`/proc/${pid}/environ`, 'latin1');
  await file.abort();
  return { words, environment };
}
