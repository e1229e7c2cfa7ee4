import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parseName } from '../archive/names/names.ts';
import { bytePath } from '../util/bytepath.ts';
import { type ArchiveDir, openArchiveDir } from './archive-dir.ts';
import {
  dropStrayJournals,
  formatJournalHead,
  formatJournalLine,
  type JournalLine,
  journalName,
  readJournal,
} from './journal.ts';

const MANIFEST = 'duplicity-full.20231114T221320Z.manifest.part';

let root: string;
let archiveDir: ArchiveDir;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'journal-test-'));
  archiveDir = openArchiveDir(root, 'n');
});
afterEach(() => {
  rmSync(root, { recursive: true, force: true });
});

function write(...lines: readonly string[]): void {
  writeFileSync(archiveDir.pathOf(journalName(MANIFEST)), lines.join(''), 'latin1');
}

const head = { program: '1.2.3', base: ['10 20'] };
const line: JournalLine = {
  volume: 1,
  sha1: 'abc',
  size: 5,
  signatures: 7,
  entries: 'ab',
  file: { path: bytePath('a\n\xff'), how: 'diff', inode: 3, size: 4, mtimeMs: 1.25, ctimeMs: 2.5 },
};
const { file: _file, ...short } = line;

test('what was written is read, any byte of a path included; the later line of a volume counts', () => {
  write(formatJournalHead(head), formatJournalLine({ ...short, size: 1 }), formatJournalLine(line));
  expect(readJournal(archiveDir, MANIFEST)).toEqual({ head, volumes: new Map([[1, line]]) });
});

test.each(['{"volume":2,', '{"volume":"2"}', '[]', '\0\0\0'])('a damaged line ends it: %j', (damage) => {
  write(formatJournalHead(head), formatJournalLine(line), damage, '\n', formatJournalLine({ ...short, volume: 3 }));
  expect([...(readJournal(archiveDir, MANIFEST)?.volumes.keys() ?? [])]).toEqual([1]);
});

test.each(['', 'x', '{}', '{"program":1,"base":[]}'])('without a head there is none: %j', (damage) => {
  write(damage, '\n', formatJournalLine(line));
  expect(readJournal(archiveDir, MANIFEST)).toBeUndefined();
});

test('its name is none of those of an archive', () => {
  expect(parseName(journalName(MANIFEST))).toBeUndefined();
});

test('it goes when its unfinished manifest is gone, and not before', () => {
  write(formatJournalHead(head));
  writeFileSync(archiveDir.pathOf(MANIFEST), '');
  dropStrayJournals(archiveDir);
  expect(readJournal(archiveDir, MANIFEST)).toBeDefined();
  archiveDir.remove(MANIFEST);
  dropStrayJournals(archiveDir);
  expect(archiveDir.list()).toEqual([]);
});
