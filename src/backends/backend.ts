/** Bytes in flight. Blocks may be any size; a producer aims for 64 KiB and never reuses one after yielding it. */
export type Bytes = AsyncIterable<Buffer>;

/** A body that can be sent again from its start, so that a failed upload can be retried. */
export interface Body {
  readonly size: number;
  /** Where the same bytes lie in a local file, when they do: a driver may let the kernel copy them. */
  readonly file?: string;
  /**
   * Nobody writes into `file` any more and whoever sends it only deletes it: a driver on the same file system may give it
   * a second name instead of copying it.
   */
  readonly mayKeepFile?: true;
  open(): Bytes;
  /** The same bytes for a reader that sends them nowhere, such as one that makes a checksum: without the limit of `open`. */
  look?(): Bytes;
}

export interface Call {
  readonly signal: AbortSignal;
}

export interface CopyCall extends Call {
  /** Bytes of the original, where the caller knows: it spares a driver the question. */
  readonly size?: number;
  /** One file under two names instead of a copy, where the store has that: damage then shows under both. */
  readonly asLink?: true;
}

export interface RemoteFile {
  readonly name: string;
  /** Bytes, where the listing tells. */
  readonly size?: number;
}

/** What a store tells of bytes that it holds. */
export interface Checksum {
  /** In lower case: `sha1`, `md5`, … */
  readonly algorithm: string;
  /** In lower case. */
  readonly hex: string;
}

export interface Traits {
  /** How many calls may run at once on one instance. */
  readonly parallel: number;
  /** A name becomes visible only with its full content. */
  readonly atomicPut: boolean;
  /** list() shows a put or a delete that has returned. */
  readonly consistentList: boolean;
  /** Its transfers keep to the rate limits of the settings without help. */
  readonly limitsItself?: true;
  /** Directories of this machine that hold what is stored. */
  readonly directories?: readonly string[];
}

/** One place where volumes lie. Names are flat; a driver never interprets them. Failures are `BackendError`s. */
export interface Backend extends AsyncDisposable {
  readonly traits: Traits;
  /** Stores or replaces `name`. */
  put(name: string, body: Body, call: Call): Promise<void>;
  /** `take` may run again, from the first byte, after a failure part-way. */
  get<T>(name: string, take: (bytes: Bytes) => Promise<T>, call: Call): Promise<T>;
  list(call: Call): AsyncIterable<RemoteFile>;
  /** Deleting a name that is not there succeeds. */
  delete(name: string, call: Call): Promise<void>;

  /** undefined: not there. `size` missing: there, but the server does not tell. */
  stat?(name: string, call: Call): Promise<RemoteFile | undefined>;
  /** Of the whole file, without its bytes coming here; undefined: the store tells none for it. */
  checksum?(name: string, call: Call): Promise<Checksum | undefined>;
  getRange?<T>(name: string, start: number, end: number, take: (bytes: Bytes) => Promise<T>, call: Call): Promise<T>;
  rename?(from: string, to: string, call: Call): Promise<void>;
  /** Brings what was deleted to the disk, where that is a step of its own: what is deleted after it is not gone before. */
  flush?(): Promise<void>;
  /**
   * Stores or replaces `to` with what `from` holds, none of which comes here; absent: the store cannot. `to` appears as
   * after a put. A `CannotCopyError` says that the store does not do it, or not in this case: uploading may still do.
   */
  copy?(from: string, to: string, call: CopyCall): Promise<void>;
  /** What killed runs left of uploads. list() hides it; `delete` takes it by the name given here. */
  unfinished?(call: Call): AsyncIterable<RemoteFile>;
  /** Throws what a put would fail with, as far as the store tells without anything being stored. */
  mayStore?(call: Call): Promise<void>;
  /** A local file that holds `name`, for reading in place; undefined when it has to be fetched. */
  localFile?(name: string): string | undefined;
}
