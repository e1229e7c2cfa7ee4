import { extname } from 'node:path';
import type { Checksum } from '../../../backends/backend.ts';
import { BackendError } from '../../../errors/errors.ts';
import type { Repository } from '../../../repository/repository.ts';
import { asctime } from '../../../util/time.ts';
import type { ProvenRecord } from '../memory.ts';
import { damageWith } from '../remedies.ts';
import type { Damage, Unproven } from '../report.ts';
import { readCopy, readSignatures } from './prove-signatures.ts';
import type { ExpectedHash, Provable } from './provable.ts';
import { hashRemote } from './read-remote.ts';

export interface Outcome {
  /** It is right. */
  readonly proof?: { readonly record: ProvenRecord; readonly by: 'checksum' | 'bytes' };
  readonly damage: readonly Damage[];
  readonly unproven?: Unproven;
  /** Where two manifests tell different hashes of it: whose it has. */
  readonly fits?: 'believed' | 'doubted';
}

interface ProveOptions {
  /** Bytes are fetched whatever the store tells of them. */
  readonly readsData: boolean;
  readonly canRead: (name: string) => boolean;
}

/** A damaged transfer must not be taken for a damaged file. */
const TRIES = 2;

/** Finds out whether a file on the remote is what it was, if it can be by what the store tells of it. */
export async function proveFile(repository: Repository, one: Provable, options: ProveOptions): Promise<Outcome> {
  const checksum = await checksumOf(repository, one.file);
  const proof = options.readsData ? undefined : byChecksum(one, checksum, repository.now);
  if (proof !== undefined) return { proof: { record: proof, by: 'checksum' }, damage: [] };
  const tag = checksum && tagOf(checksum);
  return one.part === 'volume' ? proveVolume(repository, one, tag) : proveSignatures(repository, one, tag, options);
}

async function checksumOf({ backend, call }: Repository, name: string): Promise<Checksum | undefined> {
  try {
    return await backend.checksum?.(name, call);
  } catch (error) {
    call.signal.throwIfAborted();
    // Who may not ask may still read.
    if (error instanceof BackendError) return undefined;
    throw error;
  }
}

/** A checksum acquits and never convicts: one that does not fit, as of a file stored in other parts, means reading. */
function byChecksum(
  { file, expected, remembered }: Provable,
  told: Checksum | undefined,
  now: number,
): ProvenRecord | undefined {
  if (told === undefined) return undefined;
  const tag = tagOf(told);
  if (remembered !== undefined && remembered.tag === tag) return { ...remembered, at: now };
  if (expected?.algorithm !== 'SHA1' || told.algorithm !== 'sha1' || told.hex !== expected.hex) return undefined;
  return { what: 'proven', at: now, sha1: expected.hex, file, tag };
}

function tagOf({ algorithm, hex }: Checksum): string {
  return `${algorithm}:${hex}`;
}

async function proveVolume(repository: Repository, one: Provable, tag: string | undefined): Promise<Outcome> {
  const { expected, doubted, file, others } = one;
  if (expected === undefined) return { damage: [] };
  let seen = '';
  for (let attempt = 1; attempt <= (repository.remote.isLocal ? 1 : TRIES); attempt++) {
    for (const name of [file, ...others]) {
      const { size, SHA1, MD5 } = await hashRemote(repository, name, expected.algorithm);
      const hash = expected.algorithm === 'MD5' ? MD5 : SHA1;
      const fits = [expected, doubted].findIndex(
        (one) => hash !== undefined && (one?.hex === hash || one?.before === hash),
      );
      if (fits >= 0) {
        const record = { what: 'proven', at: repository.now, sha1: SHA1, file, size } as const;
        const proof = { record: tag === undefined ? record : { ...record, tag }, by: 'bytes' } as const;
        if (doubted === undefined || doubted.hex === expected.hex) return { proof, damage: [] };
        return { proof, damage: [], fits: fits > 0 ? 'doubted' : 'believed' };
      }
      if (seen === '') seen = hash ?? '';
    }
  }
  return { damage: [changed(one, hashReason(expected, seen))] };
}

function hashReason({ algorithm, hex }: ExpectedHash, seen: string): string {
  return `It holds other bytes than were stored: its ${algorithm} is ${seen}, the manifest says ${hex}.`;
}

async function proveSignatures(
  repository: Repository,
  one: Provable,
  tag: string | undefined,
  { canRead }: ProveOptions,
): Promise<Outcome> {
  const { file, remembered, localCopy, set } = one;
  const tries = repository.remote.isLocal ? 1 : TRIES;
  for (let attempt = 1; ; attempt++) {
    const { sha1, size, content } = await readSignatures(repository, file, canRead(file));
    const isAsBefore = remembered?.sha1 === sha1;
    if (content === undefined && remembered === undefined) {
      return { damage: [], unproven: { file, set, why: 'needsKey' } };
    }
    let reason: string | undefined;
    if (content !== undefined && 'error' in content) reason = content.error.message;
    // Without a checksum of its own whatever was changed still looks like signatures.
    else if (!isAsBefore && remembered !== undefined && (content === undefined || extname(file) === '.sigtar')) {
      reason = `It holds other bytes than when it was found right, on ${asctime(remembered.at)}.`;
    }
    if (reason !== undefined && attempt < tries) continue;
    const damage = reason === undefined ? [] : [changed(one, reason)];
    if (localCopy !== undefined)
      damage.push(...(await lookAtCopy(repository, one, { localCopy, content, isAsBefore })));
    if (damage.some(({ place }) => place === 'remote')) return { damage };
    const record = { what: 'proven', at: repository.now, sha1, file } as const;
    const more = { ...(size !== undefined && { size }), ...(tag !== undefined && { tag }) };
    return { proof: { record: { ...record, ...more }, by: 'bytes' }, damage };
  }
}

interface Copied {
  readonly localCopy: string;
  /** What the remote file holds. */
  readonly content: Awaited<ReturnType<typeof readCopy>>;
  /** The remote file has the bytes that were found right. */
  readonly isAsBefore: boolean;
}

/** The cache may lie: a copy that does not tell what the store tells spoils the next backup. */
async function lookAtCopy(
  repository: Repository,
  one: Provable,
  { localCopy, content, isAsBefore }: Copied,
): Promise<readonly Damage[]> {
  const { set, file, remembered } = one;
  const here = await readCopy(repository, localCopy);
  if (here === undefined) return [];
  const about = { part: 'signatures', place: 'local', file: localCopy, set, lost: undefined } as const;
  if ('error' in here) return [damageWith({ ...about, kind: 'changed', reason: here.error.message })];
  if (content === undefined || 'error' in content || content.digest === here.digest) return [];
  const text = `It does not tell the same as the copy ${localCopy} in the archive dir`;
  if (isAsBefore) return [damageWith({ ...about, kind: 'changed', reason: `It is not what ${file} holds.` })];
  if (remembered === undefined)
    return [damageWith({ ...about, place: 'remote', file, kind: 'differs', reason: `${text}.` })];
  return [changed(one, `${text}, and not as on ${asctime(remembered.at)}, when it was found right.`)];
}

function changed({ part, file, set, lost, localCopy }: Provable, reason: string): Damage {
  return damageWith({ kind: 'changed', part, place: 'remote', file, set, reason, lost }, localCopy !== undefined);
}
