import { BackendError } from '../../errors/errors.ts';
import type { Backend, Call, RemoteFile } from '../backend.ts';

export interface Store {
  /** Its URL, without password. */
  readonly place: string;
  readonly prefixes: readonly string[];
  readonly backend: Backend;
}

/** Only what a store says of itself is left out. */
export function unlessOurs(error: unknown): void {
  if (!(error instanceof BackendError)) throw error;
}

export async function sizeIn({ backend }: Store, name: string, call: Call): Promise<RemoteFile | undefined> {
  if (backend.stat) return backend.stat(name, call);
  for await (const file of backend.list(call)) if (file.name === name) return file;
  return undefined;
}
