import type { Bytes, Checksum, RemoteFile } from '../backend.ts';
import { checksumOf } from '../transfer/checksum.ts';

/** What the remote can do, of what `rclone backend features` and `operations/fsinfo` tell. */
export interface Features {
  /** An object store: an upload shows up when it is complete. */
  readonly isBucketBased: boolean;
  /** Files can be renamed on the server. */
  readonly canMove: boolean;
  /** And copied: else rclone would fetch them and send them again. */
  readonly canCopy: boolean;
}

/** One way of giving orders to rclone for one directory of a remote. Failures are `BackendError`s. */
export interface RcloneEngine {
  features(signal: AbortSignal): Promise<Features>;
  /** Sends the local file, over an existing one too. */
  upload(file: string, name: string, signal: AbortSignal): Promise<void>;
  copy(from: string, to: string, signal: AbortSignal): Promise<void>;
  move(from: string, to: string, signal: AbortSignal): Promise<void>;
  download<T>(name: string, take: (bytes: Bytes) => Promise<T>, signal: AbortSignal): Promise<T>;
  /** undefined when the directory is not there. */
  list(signal: AbortSignal): Promise<readonly RemoteFile[] | undefined>;
  stat(name: string, signal: AbortSignal): Promise<RemoteFile | undefined>;
  /** What the remote tells of its bytes. */
  checksum(name: string, signal: AbortSignal): Promise<Checksum | undefined>;
  remove(name: string, signal: AbortSignal): Promise<void>;
  close(): Promise<void>;
}

export function toFeatures(info: unknown): Features {
  const features = field(info, 'Features');
  return {
    isBucketBased: field(features, 'BucketBased') === true,
    canMove: field(features, 'Move') === true,
    canCopy: field(features, 'Copy') === true,
  };
}

/** An entry of a listing as rclone prints it; size -1 stands for unknown. undefined for what is no file. */
export function toFile(entry: unknown): RemoteFile | undefined {
  const name = field(entry, 'Name');
  const size = field(entry, 'Size');
  if (typeof name !== 'string' || field(entry, 'IsDir') === true) return undefined;
  return typeof size === 'number' && size >= 0 ? { name, size } : { name };
}

/** The hashes of an entry; older programs call them otherwise. */
export function toChecksum(entry: unknown): Checksum | undefined {
  const hashes = field(entry, 'Hashes');
  return (
    checksumOf('sha1', field(hashes, 'sha1') ?? field(hashes, 'SHA-1')) ??
    checksumOf('md5', field(hashes, 'md5') ?? field(hashes, 'MD5'))
  );
}

export function toFiles(entries: unknown): readonly RemoteFile[] {
  if (!Array.isArray(entries)) return [];
  return entries.map(toFile).filter((file) => file !== undefined);
}

export function field(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.entries(value).find(([key]) => key === name)?.[1];
}
