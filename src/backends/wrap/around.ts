import type { Backend, Body, Bytes, Call, RemoteFile } from '../backend.ts';

/** One call of a back end. The kinds are the reference's words for the operations, as its messages show them. */
export interface Step {
  readonly kind: 'put' | 'get' | 'list' | 'delete' | 'query' | 'checksum' | 'move' | 'copy' | 'probe';
  /** Remote name; empty for a listing. */
  readonly name: string;
  /** The local file that a put sends, when there is one. */
  readonly local?: string;
  /** What a copy copies; `name` is the copy. */
  readonly from?: string;
}

/** What a wrapper does around a call; `run` may be run never, once or again. */
export type Layer = <T>(step: Step, call: Call, run: () => Promise<T>) => Promise<T>;

/**
 * `inner` with `layer` around each call, and with exactly the abilities of `inner`. A listing is collected first, so
 * that a layer can start it again without repeating names.
 */
export function around(inner: Backend, layer: Layer): Backend {
  const outer: Backend = {
    traits: inner.traits,
    put: (name, body, call) => layer(putStep(name, body), call, () => inner.put(name, body, call)),
    get: (name, take, call) => layer({ kind: 'get', name }, call, () => inner.get(name, take, call)),
    list: (call) => flatten(() => layer({ kind: 'list', name: '' }, call, () => collect(inner.list(call)))),
    delete: (name, call) => layer({ kind: 'delete', name }, call, () => inner.delete(name, call)),
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
  };
  const stat = inner.stat?.bind(inner);
  if (stat) outer.stat = (name, call) => layer({ kind: 'query', name }, call, () => stat(name, call));
  const checksum = inner.checksum?.bind(inner);
  if (checksum) outer.checksum = (name, call) => layer({ kind: 'checksum', name }, call, () => checksum(name, call));
  const getRange = inner.getRange?.bind(inner);
  if (getRange) {
    outer.getRange = <T>(name: string, start: number, end: number, take: (bytes: Bytes) => Promise<T>, call: Call) =>
      layer({ kind: 'get', name }, call, () => getRange(name, start, end, take, call));
  }
  const rename = inner.rename?.bind(inner);
  if (rename) outer.rename = (from, to, call) => layer({ kind: 'move', name: to }, call, () => rename(from, to, call));
  const copy = inner.copy?.bind(inner);
  if (copy) outer.copy = (from, to, call) => layer({ kind: 'copy', name: to, from }, call, () => copy(from, to, call));
  const unfinished = inner.unfinished?.bind(inner);
  if (unfinished) {
    outer.unfinished = (call) =>
      flatten(() => layer({ kind: 'list', name: '' }, call, () => collect(unfinished(call))));
  }
  const mayStore = inner.mayStore?.bind(inner);
  if (mayStore) outer.mayStore = (call) => layer({ kind: 'probe', name: '' }, call, () => mayStore(call));
  const flush = inner.flush?.bind(inner);
  if (flush) outer.flush = flush;
  const localFile = inner.localFile?.bind(inner);
  if (localFile) outer.localFile = localFile;
  return outer;
}

function putStep(name: string, body: Body): Step {
  return body.file === undefined ? { kind: 'put', name } : { kind: 'put', name, local: body.file };
}

async function collect(list: AsyncIterable<RemoteFile>): Promise<readonly RemoteFile[]> {
  const files: RemoteFile[] = [];
  for await (const file of list) files.push(file);
  return files;
}

async function* flatten(files: () => Promise<readonly RemoteFile[]>): AsyncGenerator<RemoteFile> {
  for (const file of await files()) yield file;
}
