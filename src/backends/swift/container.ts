import { BackendError } from '../../errors/errors.ts';
import type { RemoteFile } from '../backend.ts';
import { numberIn, parseJson, textIn } from '../http/json.ts';
import type { Store } from './store.ts';

/**
 * Makes the container when it is not there; false when it may not be made. Throws CONNECTION_FAILED when it has another policy
 * than asked for.
 */
export async function ensureContainer(
  store: Store,
  container: string,
  policy: string | undefined,
  signal: AbortSignal,
  mayMake = true,
): Promise<boolean> {
  const path = `/${encodeURIComponent(container)}`;
  const task = `open the container ${container}`;
  const found = await store.whole(task, { method: 'HEAD', path, signal, accept: [404] });
  if (found.status === 404) {
    if (!mayMake) return false;
    const headers: Record<string, string> = policy === undefined ? {} : { 'X-Storage-Policy': policy };
    await store.whole(`create the container ${container}`, { method: 'PUT', path, headers, signal });
    return true;
  }
  const present = found.headers['x-storage-policy'];
  if (policy === undefined || typeof present !== 'string' || present.toLowerCase() === policy.toLowerCase()) {
    return true;
  }
  throw new BackendError(
    'CONNECTION_FAILED',
    `Connection failed: the container ${container} has the storage policy ${present}, not ${policy}.`,
    { retryable: false, hint: 'Use another container, or leave the policy out.' },
  );
}

interface Listed {
  readonly name: string | undefined;
  readonly bytes: number | undefined;
}

/** Something between us and the store may answer in its place, and well. */
function pageIn(text: string, task: string): readonly Listed[] {
  const page = parseJson(text);
  if (!Array.isArray(page)) throw noListing(task);
  return page.map((entry: unknown) => ({ name: textIn(entry, 'name'), bytes: numberIn(entry, 'bytes') }));
}

function noListing(task: string): BackendError {
  return new BackendError('BACKEND_ERROR', `Cannot ${task}: the server's answer is no listing`, { retryable: true });
}

/** Objects whose names start with `prefix`, whole pages at a time; none when there is no such container. */
export async function* listObjects(
  store: Store,
  container: string,
  prefix: string,
  signal: AbortSignal,
): AsyncGenerator<RemoteFile> {
  for (let marker = ''; ;) {
    const query = new URLSearchParams({ format: 'json', prefix, marker }).toString();
    const task = `list files in ${container}`;
    const { status, text } = await store.whole(task, {
      method: 'GET',
      path: `/${encodeURIComponent(container)}?${query}`,
      signal,
      // Behind a first page it is no container that is missing, but a part of the listing.
      accept: marker === '' ? [404] : [],
    });
    const page = status === 200 ? pageIn(text, task) : [];
    for (const { name, bytes } of page) {
      if (name === undefined) continue;
      // Of an object in segments the listing says 0.
      yield bytes === undefined || bytes === 0 ? { name } : { name, size: bytes };
    }
    const last = page.at(-1)?.name;
    if (last === undefined) return;
    // Who begins the same page again would do so for ever.
    if (last === marker) throw noListing(task);
    marker = last;
  }
}
