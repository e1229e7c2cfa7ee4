import { readFileSync, readlinkSync } from 'node:fs';

import { useLocalZone } from '../../util/local-time.ts';
import { parsePosixZone, type ZoneOffset } from '../../util/posix-zone.ts';

/** What V8 shows right by itself, though it has the form of a rule. */
const NAMES = new Set(['EST5EDT', 'CST6CDT', 'MST7MDT', 'PST8PDT']);
/** Where the C library's zones lie; what follows is the name of one. */
const ZONE_FILE = /\/zoneinfo\/(?:posix\/|right\/)?(.+)$/;

/** A zone by a name that `Date` knows, or by its rules. */
export type LocalZone = { readonly name: string } | { readonly offset: ZoneOffset };

/**
 * The zone that `TZ` names where V8 would show another one: V8 knows names, and makes UTC, or winter all year, of rules
 * (NAS firmware and small systems set them) and of files (`:/etc/localtime`). undefined when V8 does well by itself.
 */
export function localZone(tz: string | undefined): LocalZone | undefined {
  if (tz === undefined || tz === '' || NAMES.has(tz)) return undefined;
  const text = tz.replace(/^:/, '');
  const offset = text.startsWith('/') ? undefined : parsePosixZone(text);
  if (offset !== undefined) return { offset };
  return text.startsWith('/') ? zoneOfFile(text) : undefined;
}

function zoneOfFile(path: string): LocalZone | undefined {
  const name = ZONE_FILE.exec(path)?.[1] ?? ZONE_FILE.exec(target(path))?.[1];
  if (name !== undefined) return { name };
  const offset = parsePosixZone(lastLine(path));
  return offset === undefined ? undefined : { offset };
}

function target(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    return '';
  }
}

/** A zone file ends in the rule for the years to come (RFC 8536, 3.3). */
function lastLine(path: string): string {
  try {
    return readFileSync(path, 'latin1').trimEnd().split('\n').at(-1) ?? '';
  } catch {
    return '';
  }
}

/** Lets `Date` and what this program shows follow `TZ` where V8 alone would not. */
export function adoptLocalZone(env: NodeJS.ProcessEnv): void {
  const zone = localZone(env['TZ']);
  if (zone === undefined) return;
  if ('name' in zone) env['TZ'] = zone.name;
  else useLocalZone(zone.offset);
}
