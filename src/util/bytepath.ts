import { decodeText } from './text/utf8.ts';

declare const bytes: unique symbol;

/**
 * A file name or relative path as bytes: one character (U+0000..U+00FF) per byte. It compares, splits and serves as a
 * map key like the bytes do. Converted only at the edges: `toFs` for node:fs, `toScreen` for people.
 * The root of a tree is the empty path; components are joined by `/`.
 */
export type BytePath = string & { readonly [bytes]: true };

export const ROOT = '' as BytePath;

/** Takes a string that already holds one byte per character. */
export function bytePath(latin1: string): BytePath {
  return latin1 as BytePath;
}

/** The bytes of a command-line word or any other decoded text, as UTF-8. */
export function fromText(text: string): BytePath {
  return isAscii(text) ? bytePath(text) : bytePath(Buffer.from(text, 'utf8').toString('latin1'));
}

/** What node:fs takes: a string when that is exact, else a Buffer. */
export function toFs(path: string): string | Buffer {
  return isAscii(path) ? path : Buffer.from(path, 'latin1');
}

/** Text for a message: UTF-8 where valid, other bytes and control characters escaped as `\xHH`. */
export function toScreen(path: string): string {
  const text = isAscii(path) ? path : decodeText(Buffer.from(path, 'latin1'));
  return text.replace(/[\u0000-\u001f\u007f\udc80-\udcff]/gu, escapeByte);
}

/** The same for a path of a tree, whose root is called `.`. */
export function shown(path: BytePath): string {
  return path === ROOT ? '.' : toScreen(path);
}

function escapeByte(character: string): string {
  return `\\x${(character.charCodeAt(0) & 0xff).toString(16).padStart(2, '0')}`;
}

export function isAscii(text: string): boolean {
  return !/[^\u0000-\u007f]/.test(text);
}

export function joinPath(parent: BytePath, name: BytePath): BytePath {
  return parent === '' ? name : bytePath(`${parent}/${name}`);
}

/** The parent of a relative path; the root is its own parent. */
export function parentOf(path: BytePath): BytePath {
  const cut = path.lastIndexOf('/');
  return bytePath(cut < 0 ? '' : path.slice(0, cut));
}

/**
 * Index order: component lists compared element by element as unsigned bytes, a prefix first (`a`, `a/z`, `a b`).
 * That is plain byte order with `/` below every other byte. Source: docs/format/volumes.md, Order. The first `shared`
 * characters are known to be the same.
 */
export function comparePaths(a: string, b: string, shared = 0): number {
  if (a === b) return 0;
  const length = a.length < b.length ? a.length : b.length;
  for (let i = shared; i < length; i++) {
    const x = a.charCodeAt(i);
    const y = b.charCodeAt(i);
    if (x === y) continue;
    if (x === 47) return -1;
    if (y === 47) return 1;
    return x - y;
  }
  return a.length - b.length;
}

/** True when `path` is `top` or lies below it. */
export function isWithin(path: string, top: string): boolean {
  if (top === '') return true;
  return path.startsWith(top) && (path.length === top.length || path.charCodeAt(top.length) === 47);
}
