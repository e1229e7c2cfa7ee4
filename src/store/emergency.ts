import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { type ArchiveDir, openArchiveDir } from '../cache/archive-dir.ts';
import { LEDGER } from '../cache/ledger.ts';
import { type FreshGpgHome, freshGpgHome } from '../crypto/fresh-gpg-home.ts';
import { openSpool, type Spool } from '../pipeline/spool.ts';
import type { Encoding } from '../repository/keys.ts';

/** The path of a socket may have 107 bytes. */
const LONGEST = 107 - '/99-gnupg/S.gpg-agent.browser'.length;
const SHORT_ROOTS = ['/tmp', '/var/tmp'];

interface Given {
  readonly spool: Spool;
  readonly env: FreshGpgHome['env'];
  readonly encoding: Encoding;
  /** Of the backups. */
  readonly archivePath: string;
}

/** What a machine has on which a backup is restored for the first time. It goes with the temporary directory. */
export interface Emergency extends Disposable {
  /** Holds nothing but what the ledger of the backups tells. */
  readonly archiveDir: ArchiveDir;
  readonly encoding: Encoding;
  readonly env: FreshGpgHome['env'];
}

function isShort(directory: string): boolean {
  return Buffer.byteLength(directory) <= LONGEST;
}

export function emergency({ spool, env, encoding, archivePath }: Given): Emergency {
  const archiveDir = openArchiveDir(spool.newPath('archive'), '');
  const ledger = join(archivePath, LEDGER);
  if (existsSync(ledger)) copyFileSync(ledger, archiveDir.pathOf(LEDGER));
  const short = isShort(spool.directory) ? undefined : openSpool(SHORT_ROOTS);
  const gpg = freshGpgHome((short ?? spool).newPath('gnupg'), { env, options: encoding.gpgOptions });
  return {
    archiveDir,
    encoding: { ...encoding, gpgOptions: gpg.options },
    env: gpg.env,
    [Symbol.dispose]: () => {
      gpg[Symbol.dispose]();
      short?.[Symbol.dispose]();
    },
  };
}
