import { statSync } from 'node:fs';
import { arch, platform } from 'node:os';
import type { Repository } from '../../repository/repository.ts';
import { checkOpenFiles, openFileLimit } from '../../repository/preflight/resources.ts';
import { homeDirectory } from '../../util/account.ts';
import { programVersion } from '../../util/program-version.ts';
import { failed, type Finding, ok, warning } from './finding.ts';

type Env = Readonly<Record<string, string | undefined>>;

/** The program and what it runs on. */
export function program(): Finding {
  return ok('program', `duplicity ${programVersion()}, Node.js ${process.version}, ${platform()} ${arch()}`);
}

/** With `sudo`, keys and caches are often looked for in the home directory of another user. */
export function home(env: Env): Finding {
  const directory = homeDirectory(env);
  if (directory === undefined) {
    return warning('home', 'HOME is not set', 'Set it: keys and the default archive dir are looked for there.');
  }
  const keys = env['GNUPGHOME'] === undefined ? '' : `, GNUPGHOME ${env['GNUPGHOME']}`;
  const text = `HOME ${directory}${keys}`;
  const info = statSync(directory, { throwIfNoEntry: false });
  if (info === undefined) return warning('home', `${text} is not there`, 'Set HOME to a directory that is.');
  const uid = process.getuid?.();
  if (uid === undefined || info.uid === uid) return ok('home', text);
  return warning(
    'home',
    `${text} belongs to user ${info.uid}, this is user ${uid}`,
    'With sudo use "sudo -H", so that keys and archive dir are those of the user who makes the backups.',
  );
}

export function openFiles(): Finding {
  try {
    checkOpenFiles();
    return ok('open files', `${openFileLimit() ?? 'any number'} may be open at once`);
  } catch (error) {
    return failed('open files', error);
  }
}

/** By the Date of what a server has answered over HTTP; none where nothing was asked that way. */
export function serverClock(seen: { readonly server: number; readonly here: number } | undefined): Finding | undefined {
  if (seen === undefined) return undefined;
  const off = Math.round((seen.here - seen.server) / 1000);
  if (Math.abs(off) <= MOST_OFF_S) return ok('server clock', 'the server says the same time');
  return warning(
    'server clock',
    `this machine is ${Math.abs(off)} s ${off > 0 ? 'ahead of' : 'behind'} the server`,
    'Set the clock right (NTP): stores refuse requests of another time, and sets are dated by this clock.',
  );
}

/** Dates have whole seconds, and answers take their time. */
const MOST_OFF_S = 60;

/** What is stored by a clock that was ahead is left alone by all actions. */
export function clock({ now }: Repository, newest: number | undefined, isDoubted: boolean): Finding {
  const text = new Date(now * 1000).toISOString().replace(/\.\d+Z$/, 'Z');
  if (isDoubted || (newest !== undefined && newest > now + MOST_OFF_S)) {
    const from = newest === undefined ? '' : ` (${new Date(newest * 1000).toISOString()})`;
    return warning(
      'clock',
      `it is ${text} here, and there are sets of later${from}`,
      'Set the clock right; sets that are dated wrongly can be removed, see "collection-status".',
    );
  }
  return ok('clock', `it is ${text}`);
}
