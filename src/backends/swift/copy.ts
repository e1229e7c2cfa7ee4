import { BackendError, CannotCopyError } from '../../errors/errors.ts';
import { fieldOf, parseJson, textIn } from '../http/json.ts';
import { listObjects } from './container.ts';
import type { Store, StoreRequest } from './store.ts';

export interface Copying {
  readonly store: Store;
  /** For messages: `copy vol1 to vol2 in container`. */
  readonly task: string;
  readonly signal: AbortSignal;
}

/** Escaped, from the account on: `/container/key`. */
export function objectPathOf(container: string, key: string): string {
  return `/${encodeURIComponent(container)}/${escapeKey(key)}`;
}

/** Slashes in a key separate nothing, but they stay as they are. */
export function escapeKey(key: string): string {
  return key.split('/').map(encodeURIComponent).join('/');
}

/** The server reads one object, whatever it is made of, and writes another one. */
export async function copyObject(from: string, to: string, { store, task, signal }: Copying): Promise<void> {
  const headers = {
    'X-Copy-From': from,
    // Else the day on which it goes, if it has one, is copied too.
    'X-Fresh-Metadata': 'true',
    'Content-Length': '0',
    'Content-Type': 'application/octet-stream',
  };
  await store.whole(task, { method: 'PUT', path: to, headers, isSlow: true, signal });
}

/** What an object is, as far as a copy has to know. */
export interface Original {
  readonly size: number;
  /** Paths of its segments, in their order; undefined for a plain object. */
  readonly segments: (() => AsyncIterable<string>) | undefined;
}

/** Looks at the object at `path`. Segments may be listed by their names (DLO), or in the object itself (SLO). */
export async function originalAt(path: string, { store, task, signal }: Copying): Promise<Original> {
  const { headers } = await store.whole(task, { method: 'HEAD', path, signal });
  const size = Number(headers['content-length'] ?? 0);
  const { 'x-object-manifest': listed, 'x-static-large-object': isStatic } = headers;
  if (typeof listed === 'string') {
    const [container = '', ...prefix] = decoded(listed, task).split('/');
    return { size, segments: () => listedSegments(container, prefix.join('/')) };
  }
  const isNamed = typeof isStatic === 'string' && /^true$/i.test(isStatic);
  return { size, segments: isNamed ? namedSegments : undefined };

  async function* listedSegments(container: string, prefix: string): AsyncGenerator<string> {
    for await (const { name } of listObjects(store, container, prefix, signal)) yield objectPathOf(container, name);
  }

  async function* namedSegments(): AsyncGenerator<string> {
    const request: StoreRequest = { method: 'GET', path: `${path}?multipart-manifest=get`, signal };
    const { text } = await store.whole(task, request);
    const segments = parseJson(text);
    if (!Array.isArray(segments)) throw untold(task);
    for (const segment of segments as readonly unknown[]) {
      const [, container, key] = /^\/?([^/]+)\/([^]+)$/.exec(textIn(segment, 'name') ?? '') ?? [];
      const isPart = fieldOf(segment, 'range') !== undefined || fieldOf(segment, 'sub_slo') === true;
      if (container === undefined || key === undefined || isPart) {
        throw new CannotCopyError(`Cannot ${task}: it is made of parts of other objects`);
      }
      yield objectPathOf(container, key);
    }
  }
}

function decoded(text: string, task: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw untold(task);
  }
}

function untold(task: string): BackendError {
  return new BackendError('BACKEND_ERROR', `Cannot ${task}: the server does not tell its segments`, {
    retryable: true,
  });
}
