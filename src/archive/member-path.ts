import { IntegrityError } from '../errors/errors.ts';
import { type BytePath, bytePath, ROOT, toScreen } from '../util/bytepath.ts';

const SLASH = 0x2f;
const DOT = 0x2e;

/**
 * The path in a member name between its prefix and `end`: one trailing `/` is dropped, nothing and `.` mean the root.
 * `IntegrityError` for anything a restore must not follow: `..`, `.`, empty components, NUL, absolute paths. Components
 * before `known`, where one begins, have been looked at already.
 */
export function memberPath(name: string, start: number, end: number, label: string, known = start): BytePath {
  let stop = end;
  if (stop > start && name.charCodeAt(stop - 1) === SLASH) stop--;
  if (stop === start || (stop === start + 1 && name.charCodeAt(start) === DOT)) return ROOT;
  let component = known;
  for (let i = known; i <= stop; i++) {
    const c = i === stop ? SLASH : name.charCodeAt(i);
    if (c === 0) throw unsafe(name, label);
    if (c !== SLASH) continue;
    const length = i - component;
    if (length === 0) throw unsafe(name, label);
    if (length <= 2 && name.charCodeAt(component) === DOT && (length === 1 || name.charCodeAt(i - 1) === DOT)) {
      throw unsafe(name, label);
    }
    component = i + 1;
  }
  return bytePath(name.slice(start, stop));
}

export function unknownMember(name: string, label: string): IntegrityError {
  return new IntegrityError('DAMAGED', `${label} has a member of an unknown kind: ${toScreen(name)}.`);
}

function unsafe(name: string, label: string): IntegrityError {
  return new IntegrityError('DAMAGED', `${label} has a member with an unsafe name: ${toScreen(name)}.`);
}
