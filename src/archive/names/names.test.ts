import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { isNameTime } from './name-time.ts';
import { type FileName, formatLocalName, formatName, metadataKey, NO_PREFIXES, parseName } from './names.ts';

interface Verdict {
  readonly type?: string;
  readonly vol?: number;
  readonly manifest?: boolean;
  readonly time?: number;
  readonly start_time?: number;
  readonly end_time?: number;
  readonly encrypted?: boolean;
  readonly compressed?: boolean;
  readonly partial?: boolean;
  readonly error?: string;
}

interface Vector {
  readonly name: string;
  readonly default: Verdict | null;
  readonly '3.0.1'?: Verdict | null;
  readonly time_separator__?: Verdict | null;
  readonly prefixed?: Verdict | null;
}

const VECTORS = readFileSync(new URL('../../../test/golden/data/vectors/names.jsonl', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .map((line) => JSON.parse(line) as Vector);

/** Names the reference takes and we do not, and why. */
const REFUSED = new Map([
  // It would depend on the current time what the set is called.
  ['duplicity-full.1D.manifest', 'interval'],
  // Dates are never written into names, and the reference's meaning of them depends on the time zone.
  ['duplicity-full.2023-11-14.manifest', 'date'],
  ['duplicity-full.20231114Z.manifest', 'date'],
  ['duplicity-full.11/14/2023.manifest', 'date'],
  // Files of other programs beside ours: taking them for volumes makes the reference die of "two volumes 1".
  ['duplicity-full.20231114T221320Z.vol1.difftar.gpg.par2', 'unknown extension'],
  ['duplicity-full.20231114T221320Z.vol1.difftar.gpg.vol000+01.par2', 'unknown extension'],
  ['duplicity-full.20231114T221320Z.vol1.difftar.foo', 'unknown extension'],
  ['duplicity-full.20231114T221320Z.manifest.GPG', 'unknown extension'],
  ['duplicity-full.20231114T221320Z.manifest.xgz', 'unknown extension'],
  ['duplicity-full-signatures.20231114T221320Z.sigtar.xgpg', 'unknown extension'],
  ['df.a.m.txt', 'unknown extension'],
  // The reference dies of them.
  ['df.s44we8.0.dt', 'volume 0'],
  ['duplicity-full.20231114T221320Z.vol0.difftar.gz', 'volume 0'],
]);

/** The reference writes such names and does not read them. */
const IN_2100 = 'duplicity-full.21000101T000000Z.manifest';

const KINDS: Record<string, [FileName['kind'], FileName['type']]> = {
  full: ['volume', 'full'],
  inc: ['volume', 'inc'],
  'full-sig': ['signatures', 'full'],
  'new-sig': ['signatures', 'inc'],
  'full-stat': ['jsonstat', 'full'],
  'inc-stat': ['jsonstat', 'inc'],
};

function expected(verdict: Verdict | null): FileName | undefined {
  if (verdict === null) return undefined;
  const [kind, type] = KINDS[verdict.type ?? ''] ?? ['volume', 'full'];
  const end = verdict.time ?? verdict.end_time ?? 0;
  const common = {
    type,
    start: verdict.start_time ?? end,
    end,
    encrypted: verdict.encrypted === true,
    compressed: verdict.compressed === true,
  };
  if (verdict.vol !== undefined) return { ...common, kind: 'volume', volume: verdict.vol };
  const metadata = verdict.manifest === true ? 'manifest' : kind === 'volume' ? 'manifest' : kind;
  return { ...common, kind: metadata, partial: verdict.partial === true };
}

describe('names are understood as the reference understands them', () => {
  test.each(VECTORS.filter(({ name }) => !REFUSED.has(name) && name !== IN_2100))('$name', (vector) => {
    const verdict = vector['3.0.1'] === undefined ? vector.default : vector['3.0.1'];
    expect(parseName(vector.name)).toEqual(expected(verdict));
  });

  test.each(VECTORS.filter(({ name }) => REFUSED.has(name)))('except $name', (vector) => {
    expect(vector.default).not.toBeNull();
    expect(parseName(vector.name)).toBeUndefined();
  });

  test('except for names that occur', () => {
    expect(VECTORS.filter(({ name }) => REFUSED.has(name))).toHaveLength(REFUSED.size);
  });

  test('with another time separator', () => {
    for (const vector of VECTORS) {
      if (vector.time_separator__ === undefined || REFUSED.has(vector.name)) continue;
      const file = parseName(vector.name, { timeSeparator: '_' });
      expect({ name: vector.name, file }).toEqual({ name: vector.name, file: expected(vector.time_separator__) });
    }
  });

  test('with prefixes', () => {
    const prefixes = { ...NO_PREFIXES, all: 'pre_', manifest: 'man_', volume: 'arc_', signatures: 'sig_' };
    const seen = VECTORS.filter((vector) => vector.prefixed !== undefined);
    expect(seen.length).toBeGreaterThan(2);
    for (const vector of seen) {
      expect(parseName(vector.name, { prefixes })).toEqual(expected(vector.prefixed ?? null));
    }
    expect(parseName('duplicity-full.20231114T221320Z.manifest', { prefixes })).toBeUndefined();
  });
});

describe('file names', () => {
  const full = { type: 'full', start: 1_700_000_000, end: 1_700_000_000, encrypted: true, compressed: false } as const;
  const inc = { ...full, type: 'inc', end: 1_700_086_400 } as const;

  test('are written in the standard long form', () => {
    expect(formatName({ ...full, kind: 'volume', volume: 12 })).toBe(
      'duplicity-full.20231114T221320Z.vol12.difftar.gpg',
    );
    expect(formatName({ ...inc, kind: 'volume', volume: 1, encrypted: false, compressed: true })).toBe(
      'duplicity-inc.20231114T221320Z.to.20231115T221320Z.vol1.difftar.gz',
    );
    expect(formatName({ ...inc, kind: 'manifest', encrypted: false, partial: false })).toBe(
      'duplicity-inc.20231114T221320Z.to.20231115T221320Z.manifest',
    );
    expect(formatName({ ...full, kind: 'signatures', partial: false })).toBe(
      'duplicity-full-signatures.20231114T221320Z.sigtar.gpg',
    );
    expect(formatName({ ...inc, kind: 'signatures', partial: false })).toBe(
      'duplicity-new-signatures.20231114T221320Z.to.20231115T221320Z.sigtar.gpg',
    );
    expect(formatName({ ...inc, kind: 'jsonstat', partial: false })).toBe(
      'duplicity-inc.20231114T221320Z.to.20231115T221320Z.jsonstat.gpg',
    );
  });

  test('get the general prefix, then the one of their kind', () => {
    const prefixes = { all: 'a+(', volume: 'v-', manifest: 'm-', signatures: 's-', jsonstat: 'j-' };
    const name = formatName({ ...full, kind: 'volume', volume: 3 }, prefixes);
    expect(name).toBe('a+(v-duplicity-full.20231114T221320Z.vol3.difftar.gpg');
    expect(parseName(name, { prefixes })).toEqual({ ...full, kind: 'volume', volume: 3 });
  });

  test('in the archive dir do not depend on the remote ones', () => {
    expect(formatLocalName({ ...full, kind: 'manifest', partial: false })).toBe(
      'duplicity-full.20231114T221320Z.manifest',
    );
    expect(formatLocalName({ ...full, kind: 'signatures', partial: false })).toBe(
      'duplicity-full-signatures.20231114T221320Z.sigtar.gz',
    );
    expect(formatLocalName({ ...full, kind: 'signatures', partial: true })).toBe(
      'duplicity-full-signatures.20231114T221320Z.sigtar.part',
    );
  });

  test('of the same metadata have one key', () => {
    for (const suffix of ['', '.gpg', '.g', '.gz', '.z', '.part'])
      expect(metadataKey(`x.sigtar${suffix}`)).toBe('x.sigtar');
    expect(metadataKey('x.sigtar.par2')).toBe('x.sigtar.par2');
  });

  test('with times that could not be written back are not ours', () => {
    expect(parseName('df.zzzzzzzzzzzzzz.m')).toBeUndefined();
    expect(parseName('duplicity-full.99999999999999.manifest')).toBeUndefined();
    expect(parseName(`df.s44we8.${'z'.repeat(30)}.dt`)).toBeUndefined();
  });

  test('of old sets may have a dot or several characters for the colon', () => {
    const time = 1_029_626_221;
    expect(parseName('duplicity-full.2002-08-17T16.17.01-07.00.manifest', { timeSeparator: '.' })?.end).toBe(time);
    expect(parseName('duplicity-full.2002-08-17T16ab17ab01-07ab00.manifest', { timeSeparator: 'ab' })?.end).toBe(time);
    expect(parseName('duplicity-full.2002-08-17T16x17x01-07x00.manifest', { timeSeparator: '.' })).toBeUndefined();
  });
});

describe('times of names', () => {
  const last = Date.UTC(9999, 11, 31, 23, 59, 59) / 1000;

  test.each([1, 1_700_000_000, Date.UTC(2100, 0, 1) / 1000, 2 ** 32, last])(
    'are read as they were written: %d',
    (end) => {
      const set = { type: 'inc', start: end, end, encrypted: false, compressed: true } as const;
      for (const kind of ['manifest', 'signatures', 'jsonstat'] as const) {
        const file = { ...set, kind, partial: false };
        expect(parseName(formatName(file))).toEqual(file);
      }
      const volume = { ...set, kind: 'volume', volume: 12 } as const;
      expect(parseName(formatName(volume))).toEqual(volume);
      expect(parseName(`df.${end.toString(36)}.m`)?.end).toBe(end);
      expect(parseName(`duplicity-full.${end}.manifest`)?.end).toBe(end);
      const old = new Date(1000 * end).toISOString().replace('.000Z', 'Z');
      expect(parseName(`duplicity-full.${old}.manifest`)?.end).toBe(end);
      expect(isNameTime(end)).toBe(true);
    },
  );

  test.each([0, last + 1, 1e15])('are refused where no name can tell them: %d', (end) => {
    expect(isNameTime(end)).toBe(false);
    expect(parseName(`df.${end.toString(36)}.m`)).toBeUndefined();
    expect(parseName(`duplicity-full.${end}.manifest`)).toBeUndefined();
  });
});
