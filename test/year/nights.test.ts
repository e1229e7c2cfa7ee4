import { expect, test } from 'vitest';
import { gnupgHome } from '../support/gnupg.ts';
import { gpgEnv, MODES } from '../support/programs.ts';
import { requireReference, requireTool } from '../support/tools.ts';
import { liveThrough } from './nights.ts';

// A month; `NIGHTS=365 NIGHTS_SEED=2` lives through a year, and another one.
const COUNT = Number(process.env['NIGHTS'] ?? 30);
const SEED = Number(process.env['NIGHTS_SEED'] ?? 1);
const NIGHT_MS = 20_000;

const hasReference = requireReference();
const hasGpg = requireTool('gpg');

test.runIf(hasReference && hasGpg)(
  'whatever happens in the nights, each kept day is restored as it was',
  async () => {
    const isEncrypted = SEED % 2 === 0;
    const tally = await liveThrough({
      count: COUNT,
      seed: SEED,
      mode: isEncrypted ? MODES.symmetric : MODES.gz,
      env: isEncrypted ? gpgEnv(gnupgHome()) : {},
    });
    if (COUNT > 30) console.log(JSON.stringify(tally));
    expect(tally.backups).toBeGreaterThan(COUNT / 2);
    expect(tally.kills + tally.faults).toBeGreaterThan(COUNT / 20);
  },
  COUNT * NIGHT_MS,
);
