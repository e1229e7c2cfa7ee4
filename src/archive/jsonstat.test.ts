import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import type { BackupStatistics } from '../events/statistics.ts';
import { formatJsonStatistics, type BackupMeta } from './jsonstat.ts';

const FULL = 'duplicity-full.20231114T221320Z.jsonstat.gz';
const DIRECTORY = 'test/golden/data/v3-gz';

function golden(name: string): Record<string, unknown> {
  return JSON.parse(gunzipSync(readFileSync(`${DIRECTORY}/${name}`)).toString()) as Record<string, unknown>;
}

/** The numbers of a file of 3.0.1 as we keep them; it leaves the last one out. */
function statisticsOf(file: Record<string, unknown>): BackupStatistics {
  const entries = Object.entries(file).map(([key, value]) => [key.charAt(0).toLowerCase() + key.slice(1), value]);
  return { ...(Object.fromEntries(entries) as BackupStatistics), totalDestinationSizeChange: 347 };
}

test.each<readonly [string, Partial<BackupMeta>]>([
  [FULL, { type: 'full' }],
  [
    'duplicity-inc.20231115T221320Z.to.20231116T221320Z.jsonstat.gz',
    {
      type: 'inc',
      increments: 1,
      earlier: [FULL, 'duplicity-inc.20231114T221320Z.to.20231115T221320Z.jsonstat.gz'],
    },
  ],
])('%s has the same keys, in the same order, and the same values', (name, meta) => {
  const expected = { ...golden(name), TotalDestinationSizeChange: 347 };
  const text = formatJsonStatistics(statisticsOf(expected), {
    type: 'full',
    skipped: false,
    fullTime: 1_700_000_000,
    increments: 0,
    concurrency: 0,
    target: 'file://remote',
    source: 'src',
    earlier: [],
    ...meta,
  });
  expect(text).toBe(JSON.stringify(expected, undefined, 4));
});

test('a backup that was left out says so', () => {
  const text = formatJsonStatistics(statisticsOf(golden(FULL)), {
    type: 'inc',
    skipped: true,
    fullTime: 1_700_000_000,
    increments: 0,
    concurrency: 2,
    target: 'file://remote',
    source: 'src',
    earlier: [],
  });
  expect(JSON.parse(text)).toMatchObject({ backup_meta: { action: 'inc', skipped_inc: true, concurrency: 2 } });
});
