import { readdirSync } from 'node:fs';
import { toFs } from '../util/bytepath.ts';

/** The names in a directory in byte order, or why they cannot be had. */
export type Listing = { readonly names: readonly string[] } | { readonly names: undefined; readonly cause: unknown };

export function listDirectory(path: string): Listing {
  try {
    // Without a comparison function strings sort by code units, which are bytes here.
    return { names: readdirSync(toFs(path), 'latin1').sort() };
  } catch (cause) {
    return { names: undefined, cause };
  }
}
