import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { NO_PREFIXES } from '../../archive/names/names.ts';
import type { Backend } from '../../backends/backend.ts';
import { openArchiveDir, type ArchiveDir } from '../../cache/archive-dir.ts';
import { BackendError } from '../../errors/errors.ts';
import type { Event } from '../../events/events.ts';
import { faultyBackend } from '../../testing/faulty-backend.ts';
import { type MemoryBackend, memoryBackend } from '../../testing/memory-backend.ts';
import { deleteFiles } from './delete-files.ts';

let memory: MemoryBackend;
let archiveDir: ArchiveDir;
let events: Event[];

beforeEach(() => {
  const dir = mkdtempSync(`${tmpdir()}/delete-`);
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  archiveDir = openArchiveDir(dir, 'a');
  memory = memoryBackend();
  events = [];
  for (const name of ['a', 'b', 'c']) {
    memory.files.set(name, Buffer.alloc(1));
    writeFileSync(archiveDir.pathOf(name), '');
  }
});

function session(backend: Backend) {
  const call = { signal: new AbortController().signal };
  const now = 1_800_000_000;
  return { backend, archiveDir, call, prefixes: NO_PREFIXES, now, emit: (event: Event) => void events.push(event) };
}

test('files are deleted where they lie, and a name that is not there is no failure', async () => {
  await deleteFiles(session(memory), [
    { place: 'remote', name: 'a' },
    { place: 'local', name: 'b' },
    { place: 'remote', name: 'gone' },
    { place: 'local', name: 'gone' },
  ]);
  expect([...memory.files.keys()]).toEqual(['b', 'c']);
  expect(['a', 'b', 'c'].filter((name) => existsSync(archiveDir.pathOf(name)))).toEqual(['a', 'c']);
});

test('a failure is a warning, the rest is deleted, and the first failure is thrown at the end', async () => {
  const failing = faultyBackend(memory, [{ kind: 'delete', calls: [1, 2], when: 'before' }]);
  const files = ['a', 'b', 'c'].map((name) => ({ place: 'remote', name }) as const);
  await expect(deleteFiles(session(failing), files)).rejects.toThrow('delete 1 of a failed');
  expect([...memory.files.keys()]).toEqual(['a', 'b']);
  expect(events.map((event) => event.kind === 'warning' && event.text)).toEqual([
    'a could not be deleted: delete 1 of a failed',
    'b could not be deleted: delete 2 of b failed',
  ]);
});

test('what is no failure of the storage stops at once', async () => {
  const bug = new TypeError('bug');
  const failing = faultyBackend(memory, [{ kind: 'delete', calls: [1], when: 'before', error: () => bug }]);
  const files = ['a', 'b'].map((name) => ({ place: 'remote', name }) as const);
  await expect(deleteFiles(session(failing), files)).rejects.toBe(bug);
  expect(memory.files.has('b')).toBe(true);
});

test('a set whose manifest cannot be deleted keeps its volumes, and others go', async () => {
  const set = 'duplicity-full.20231114T221320Z';
  const other = 'duplicity-full.20231115T221320Z';
  const names = [`${set}.manifest`, `${set}.vol1.difftar.gz`, `${other}.manifest`, `${other}.vol1.difftar.gz`];
  for (const name of names) memory.files.set(name, Buffer.alloc(1));
  const backend = faultyBackend(memory, [{ kind: 'delete', calls: [1], when: 'before' }]);
  const files = names.map((name) => ({ place: 'remote' as const, name }));
  await expect(deleteFiles(session(backend), files)).rejects.toBeInstanceOf(BackendError);
  expect(names.filter((name) => memory.files.has(name))).toEqual(names.slice(0, 2));
});

test('a set whose manifest cannot be deleted keeps the sets that it builds on', async () => {
  const [full, inc, later] = [
    'duplicity-full.20231114T221320Z',
    'duplicity-inc.20231114T221320Z.to.20231115T221320Z',
    'duplicity-inc.20231115T221320Z.to.20231116T221320Z',
  ];
  const names = [later, inc, full].flatMap((set) => [`${set}.manifest`, `${set}.vol1.difftar.gz`]);
  for (const name of names) memory.files.set(name, Buffer.alloc(1));
  const backend = faultyBackend(memory, [{ kind: 'delete', calls: [3], when: 'before' }]);
  const files = names.map((name) => ({ place: 'remote' as const, name }));
  await expect(deleteFiles(session(backend), files)).rejects.toBeInstanceOf(BackendError);
  expect(names.filter((name) => memory.files.has(name))).toEqual(names.slice(2));
});

test('of many refusals the first ones are told, and how many there were more', async () => {
  const names = Array.from({ length: 8 }, (_, i) => `file ${i}`);
  for (const name of names) memory.files.set(name, Buffer.alloc(1));
  const failing = faultyBackend(memory, [{ kind: 'delete', calls: [1, 2, 3, 4, 5, 6, 7], when: 'before' }]);
  const files = names.map((name) => ({ place: 'remote' as const, name }));
  await expect(deleteFiles(session(failing), files)).rejects.toThrow('delete 1 of');
  expect(events).toHaveLength(6);
  expect(events.at(-1)).toEqual({ kind: 'warning', text: '2 more could not be deleted.' });
});
