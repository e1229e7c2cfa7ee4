import { IntegrityError } from '../errors/errors.ts';
import type { FileIdentity } from '../source/file-identity.ts';
import { type BytePath, bytePath } from '../util/bytepath.ts';
import type { EpochSeconds } from '../util/time.ts';
import type { ArchiveDir } from './archive-dir.ts';

/**
 * What a backup notes beside its unfinished files, for a run that may have to go on where it died: lines of JSON in
 * latin1, a head and one line per volume. Format: docs/format/archive-dir.md, Journal.
 */
export interface Journal {
  readonly head: JournalHead;
  readonly volumes: ReadonlyMap<number, JournalLine>;
}

export interface JournalHead {
  /** Version of the program: another one may cut deltas otherwise. */
  readonly program: string;
  /** What deltas are made against: names of signature files, oldest first. */
  readonly base: readonly string[];
}

export interface JournalLine {
  readonly volume: number;
  /** Lower-case hex, of the file as uploaded: ties the line to a record of the manifest. */
  readonly sha1: string;
  /** Bytes of that file. */
  readonly size: number;
  /** Bytes of the signature archive when the volume ended: all entries before the end of the volume. */
  readonly signatures: number;
  /** SHA-1 of these bytes, lower-case hex. */
  readonly entries: string;
  /** The volume is a copy of one of another set. */
  readonly copied?: Origin;
  /** The file that goes on in the next volume, unless it was too young to tell whether it changes. */
  readonly file?: FileInProgress;
}

/** What a volume is a copy of. */
export interface Origin {
  /** Kind and times of the set. */
  readonly set: string;
  /** Its number there. */
  readonly volume: number;
  /** When its bytes were made, or last found to be right. */
  readonly made: EpochSeconds;
}

/** A file that was begun: stored whole or as a delta. */
export interface FileInProgress extends FileIdentity {
  readonly path: BytePath;
  readonly how: 'snapshot' | 'diff';
}

/** No name of the reference begins like this, so that it never takes the journal for one of its files. */
const PREFIX = 'resume-';
const SUFFIX = '.json';

/** The journal that belongs to an unfinished manifest. */
export function journalName(partialManifest: string): string {
  return `${PREFIX}${partialManifest}${SUFFIX}`;
}

/** Removes journals whose unfinished manifest is gone. */
export function dropStrayJournals(archiveDir: ArchiveDir): void {
  const names = archiveDir.list();
  const known = new Set(names);
  for (const name of names) {
    if (!name.startsWith(PREFIX) || !name.endsWith(SUFFIX)) continue;
    if (!known.has(name.slice(PREFIX.length, -SUFFIX.length))) archiveDir.remove(name);
  }
}

export function formatJournalHead(head: JournalHead): string {
  return `${JSON.stringify(head)}\n`;
}

export function formatJournalLine(line: JournalLine): string {
  return `${JSON.stringify(line)}\n`;
}

/** The journal of an unfinished set, up to a line that is damaged; undefined when there is none. */
export function readJournal(archiveDir: ArchiveDir, partialManifest: string): Journal | undefined {
  const name = journalName(partialManifest);
  if (!archiveDir.list().includes(name)) return undefined;
  const [first = '', ...rest] = archiveDir.read(name).toString('latin1').split('\n');
  const head = attempt(() => parseHead(first));
  if (head === undefined) return undefined;
  const volumes = new Map<number, JournalLine>();
  for (const text of rest) {
    const line = attempt(() => parseLine(text));
    if (line === undefined) break;
    volumes.set(line.volume, line);
  }
  return { head, volumes };
}

/** A power failure can leave half a line. */
function attempt<T>(parse: () => T): T | undefined {
  try {
    return parse();
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof IntegrityError) return undefined;
    throw error;
  }
}

function parseHead(text: string): JournalHead {
  const { program, base } = fieldsOf(JSON.parse(text));
  if (!Array.isArray(base)) throw damaged();
  return { program: textOf(program), base: base.map(textOf) };
}

function parseLine(text: string): JournalLine {
  const { volume, sha1, size, signatures, entries, copied, file } = fieldsOf(JSON.parse(text));
  return {
    volume: numberOf(volume),
    sha1: textOf(sha1),
    size: numberOf(size),
    signatures: numberOf(signatures),
    entries: textOf(entries),
    ...(copied !== undefined && { copied: parseOrigin(copied) }),
    ...(file !== undefined && { file: parseFile(file) }),
  };
}

function parseOrigin(value: unknown): Origin {
  const { set, volume, made } = fieldsOf(value);
  return { set: textOf(set), volume: numberOf(volume), made: numberOf(made) };
}

function parseFile(value: unknown): FileInProgress {
  const { path, how, inode, size, mtimeMs, ctimeMs } = fieldsOf(value);
  if (how !== 'snapshot' && how !== 'diff') throw damaged();
  return {
    path: bytePath(textOf(path)),
    how,
    inode: numberOf(inode),
    size: numberOf(size),
    mtimeMs: numberOf(mtimeMs),
    ctimeMs: numberOf(ctimeMs),
  };
}

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) throw damaged();
  return { ...value };
}

function textOf(value: unknown): string {
  if (typeof value !== 'string') throw damaged();
  return value;
}

function numberOf(value: unknown): number {
  if (typeof value !== 'number') throw damaged();
  return value;
}

function damaged(): IntegrityError {
  return new IntegrityError('DAMAGED', 'The journal of an interrupted backup is damaged.');
}
