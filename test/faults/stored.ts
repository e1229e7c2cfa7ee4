import { existsSync, readdirSync, readFileSync } from 'node:fs';

/** Content by name of what a server on this machine shows in its directory: hidden names are no final ones. */
export function filesIn(dir: string): ReadonlyMap<string, Buffer> {
  const names = existsSync(dir) ? readdirSync(dir).filter((name) => !name.startsWith('.')) : [];
  return new Map(names.map((name) => [name, readFileSync(`${dir}/${name}`)]));
}
