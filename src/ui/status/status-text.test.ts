import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { statusOf } from '../../actions/status/status-result.ts';
import { buildCollection } from '../../collections/collection.ts';
import { statusReport } from './status-text.ts';

function lines<T>(file: string): T[] {
  const text = readFileSync(`test/golden/data/vectors/${file}`, 'utf8');
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as T);
}

const VECTORS = new Map(
  lines<{ name: string; remote: string[]; local: string[] }>('collections.jsonl').map((vector) => [
    vector.name,
    vector,
  ]),
);

describe('collection-status is the reference’s, byte for byte', () => {
  const zone = process.env['TZ'];
  beforeAll(() => {
    process.env['TZ'] = 'UTC';
  });
  afterAll(() => {
    if (zone === undefined) delete process.env['TZ'];
    else process.env['TZ'] = zone;
  });

  const cases = lines<{ name: string; text: string[]; data: string[] }>('collection-status.jsonl');
  // There our chain goes on: see collection.test.ts.
  test.each(cases.filter(({ name }) => !/^last inc has no manifest|^two incs with same start/.test(name)))(
    '$name',
    (expected) => {
      const vector = VECTORS.get(expected.name);
      if (vector === undefined) throw new Error(`no vector ${expected.name}`);
      const report = statusReport(statusOf(buildCollection(vector)), {
        backendName: 'BackendWrapper',
        archiveDir: '/archive/n',
      });
      expect(report.text.split('\n')).toEqual(expected.text);
      // 0.8.22 prints the words `(. dir)` there; the rest of the lines are its own.
      expect(report.data).toEqual(
        expected.data.map((line) => (line.startsWith('archive-dir ') ? 'archive-dir /archive/n' : line)),
      );
    },
  );
});
