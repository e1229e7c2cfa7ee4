import { parseList, type FileInfo } from 'basic-ftp';

import type { RemoteFile } from '../backend.ts';
import type { Connection } from './connection.ts';
import { isCut, isRefusal, unlessRefused } from './failure.ts';

const COMMANDS = ['MLSD', 'LIST -a', 'LIST', 'NLST'] as const;
type Command = (typeof COMMANDS)[number];

/** What to list with in the sessions of one store: what has shown something goes first. */
export function ftpLister(): (on: Connection) => Promise<readonly RemoteFile[]> {
  let known: Command | undefined;

  /**
   * An answer without a line is no proof that nothing is there: some servers take `-a` for a name and find nothing by
   * it, without an error. What comes in a form that nobody can read is asked for by names alone.
   */
  return async (on) => {
    const others = COMMANDS.filter((command) => command !== known && (command !== 'MLSD' || on.hasMlsd));
    let refusal: unknown;
    let isEmpty = false;
    for (const command of known === undefined ? others : [known, ...others]) {
      const text = await answer(on, command).catch((error: unknown) => {
        if (!isRefusal(error) || isCut(error)) throw error;
        refusal ??= error;
        return undefined;
      });
      if (text === undefined) continue;
      if (text.trim() === '') {
        isEmpty = true;
        continue;
      }
      const listed = command === 'NLST' ? namesOf(text) : filesOf(text);
      if (listed === undefined) continue;
      known = command;
      return listed.isWhole ? listed.files : withNames(listed.files, await answer(on, 'NLST').catch(unlessRefused));
    }
    // Some call it an error when there are no files.
    if (isEmpty || (isRefusal(refusal) && /no (such )?files?|empty/i.test(refusal.message))) return [];
    throw refusal ?? new Error('the server lists files in a form that cannot be read');
  };
}

interface Listed {
  readonly files: readonly RemoteFile[];
  /** No line was left over that may be a file. */
  readonly isWhole: boolean;
}

async function answer({ client, transfer }: Connection, command: Command): Promise<string> {
  let text = '';
  client.availableListCommands = [command];
  client.parseList = (raw) => {
    text = raw;
    return [];
  };
  await transfer(() => client.list());
  return text;
}

/** undefined where no line is of a known form. */
export function filesOf(text: string): Listed | undefined {
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '' && !isMeta(line));
  let found: readonly FileInfo[];
  try {
    found = parseList(lines.join('\n'));
  } catch {
    return undefined;
  }
  if (found.length === 0 && lines.length > 0) return undefined;
  // Without that fact the parser says 0.
  const hasSizes = !/^\S*type=/im.test(text) || /(^|;)size=\d/im.test(text);
  const files = found.filter(({ isDirectory }) => !isDirectory).map((file) => remoteFile(file, hasSizes));
  return { files, isWhole: found.length === lines.length };
}

function namesOf(text: string): Listed {
  return { files: namesIn(text).map((name) => ({ name })), isWhole: true };
}

/** Some servers put the directory before each name. */
function namesIn(text: string): readonly string[] {
  const lines = text.split(/\r?\n/).map((line) => line.replace(/^.*[/\\]/, ''));
  return lines.filter((name) => name !== '' && name !== '.' && name !== '..');
}

function withNames(files: readonly RemoteFile[], text: string | undefined): readonly RemoteFile[] {
  const known = new Set(files.map(({ name }) => name));
  const more = namesIn(text ?? '').filter((name) => !known.has(name));
  return [...files, ...more.map((name) => ({ name }))];
}

/** A heading, the directory itself or the one above it. */
function isMeta(line: string): boolean {
  return /^total\b|\s\.{1,2}\/?$|^\S*type=[cp]dir;/i.test(line);
}

function remoteFile({ name, size, isFile }: FileInfo, hasSizes: boolean): RemoteFile {
  // The size of a link is that of its text.
  return isFile && hasSizes ? { name, size } : { name };
}
