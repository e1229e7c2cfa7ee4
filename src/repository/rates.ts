import { LocalError } from '../errors/errors.ts';
import type { Work } from '../pipeline/traffic.ts';
import type { Repository } from './repository.ts';

// How fast this place has been, for estimates: docs/format/archive-dir.md.

const NAME = 'rates.json';
/** Less than this says little. */
const LEAST = { bytes: 1024 * 1024, seconds: 0.001 };

const KINDS = ['download', 'read', 'upload'] as const;

/** Bytes per second, as far as any have been measured. */
export type Rates = Readonly<Partial<Record<(typeof KINDS)[number], number>>>;

/** What earlier runs have measured. Whatever else the file holds counts as nothing. */
export function knownRates({ archiveDir }: Pick<Repository, 'archiveDir'>): Rates {
  let stored: unknown;
  try {
    stored = JSON.parse(archiveDir.read(NAME).toString());
  } catch {
    return {};
  }
  if (typeof stored !== 'object' || stored === null) return {};
  const fields = new Map<string, unknown>(Object.entries(stored));
  if (fields.get('v') !== 1) return {};
  return Object.fromEntries(
    KINDS.flatMap((kind) => {
      const rate = fields.get(kind);
      return typeof rate === 'number' && rate > 0 ? [[kind, rate]] : [];
    }),
  );
}

/** Keeps what this run has measured. It is worth no failure. */
export async function keepRates({ archiveDir, traffic, dryRun }: Repository): Promise<void> {
  if (traffic === undefined || dryRun) return;
  const known = knownRates({ archiveDir });
  const measured = KINDS.flatMap((kind) => {
    const rate = rateOf(traffic[kind].take());
    const before = known[kind];
    // A line is not as fast every day: half of it is what was known.
    return rate === undefined ? [] : [[kind, Math.round(before === undefined ? rate : (before + rate) / 2)]];
  });
  if (measured.length === 0) return;
  const text = `${JSON.stringify({ v: 1, ...known, ...Object.fromEntries(measured) })}\n`;
  try {
    await archiveDir.write(NAME, [Buffer.from(text)]);
  } catch (error) {
    if (!(error instanceof LocalError)) throw error;
  }
}

function rateOf({ bytes, seconds }: Work): number | undefined {
  return bytes < LEAST.bytes || seconds < LEAST.seconds ? undefined : bytes / seconds;
}

/** Bytes per second at which a state is restored, carefully; undefined: nothing has been measured. */
export function restoreRate({ download, read, upload }: Rates): number | undefined {
  if (read !== undefined && download !== undefined) return Math.min(read, download);
  // Hardly any line is slower down than up.
  return read ?? download ?? upload;
}
