import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';

const HERE = import.meta.dirname;

export const CORPUS = `${HERE}/corpus`;
/** Inputs that once found a fault. */
export const FINDS = `${HERE}/finds`;
/** What earlier runs on this machine have come by. */
export const POOL = `${HERE}/pool`;

export interface Stored {
  readonly name: string;
  readonly bytes: Buffer;
}

export function stored(folder: string, target: string): readonly Stored[] {
  const dir = `${folder}/${target}`;
  if (!existsSync(dir)) return [];
  return readdirSync(dir)
    .sort()
    .map((name) => ({ name, bytes: readFileSync(`${dir}/${name}`) }));
}

export function store(folder: string, target: string, { kind, bytes }: { kind: string; bytes: Buffer }): string {
  const dir = `${folder}/${target}`;
  mkdirSync(dir, { recursive: true });
  const path = `${dir}/${kind}-${createHash('sha1').update(bytes).digest('hex').slice(0, 8)}`;
  writeFileSync(path, bytes);
  return path;
}
