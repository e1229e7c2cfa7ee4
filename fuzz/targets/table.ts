import type { Target } from '../target.ts';
import { ARCHIVE } from './archive.ts';
import { CACHE } from './cache.ts';
import { CRYPTO } from './crypto.ts';
import { LISTINGS } from './listings.ts';
import { METADATA } from './metadata.ts';
import { PLACES } from './places.ts';
import { RSYNC } from './rsync.ts';
import { TEXT } from './text.ts';

/** Every reader of what others have written. */
export const TARGETS: readonly Target[] = [
  ...ARCHIVE,
  ...METADATA,
  ...RSYNC,
  ...CRYPTO,
  ...TEXT,
  ...CACHE,
  ...LISTINGS,
  ...PLACES,
];

export function targetNamed(name: string): Target {
  const found = TARGETS.find((target) => target.name === name);
  if (found === undefined) throw new Error(`There is no target ${name}; "npm run fuzz -- --list" shows all.`);
  return found;
}
