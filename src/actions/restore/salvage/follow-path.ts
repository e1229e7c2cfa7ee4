import type { Entry, EntryStream, Metadata } from '../../../archive/entry.ts';
import type { PieceStream } from '../../../archive/piece-stream.ts';
import type { Scratch } from '../../../pipeline/unpack/scratch.ts';
import type { BytePath } from '../../../util/bytepath.ts';
import type { EpochSeconds } from '../../../util/time.ts';
import { bytesIn, common, either } from './byte-ranges.ts';
import { fittingRanges } from './fitting-ranges.ts';
import { applyKnown, type Patchwork, readContent } from './patchwork.ts';

/** What one set has of a path. */
export interface Layer {
  readonly time: EpochSeconds;
  readonly volumes: PieceStream;
  readonly stored: Entry | undefined;
  /** The entry of its signatures. */
  readonly signed: Entry | undefined;
  readonly signatures: Pick<EntryStream, 'read'>;
  /** Its signatures are there as far as this path: without an entry in them the set did not touch the path. */
  readonly isSigned: boolean;
  /** Something that could have held the path cannot be read. */
  readonly mayLack: boolean;
}

/** A path as it was at some time. */
export interface Version {
  readonly meta: Metadata;
  readonly time: EpochSeconds;
  /** Of a regular file. */
  readonly body: Patchwork | undefined;
}

/** The best that is there of a path. `version` is undefined where nothing is. */
export interface Found {
  readonly kind: 'whole' | 'older' | 'partial' | 'lost';
  readonly version: Version | undefined;
}

/**
 * What is left of a path, from the oldest set to the newest; undefined when it is gone, as far as anybody can tell. A whole
 * earlier version is better than a part of a later one. The content is to be disposed of.
 */
export async function followPath(
  path: BytePath,
  layers: readonly Layer[],
  makeScratch: () => Scratch,
): Promise<Found | undefined> {
  /** Undefined: there is nothing. */
  let now: Version | undefined;
  /** What it is now is not known. */
  let isLost = false;
  /** The best of before. */
  let before: Version | undefined;

  for (const layer of layers) await step(layer);
  const isWhole = !isLost && now !== undefined && isComplete(now);
  if (!isLost && now === undefined) {
    drop(before);
    return undefined;
  }
  if (isWhole) {
    drop(before);
    return { kind: 'whole', version: now };
  }
  if (before !== undefined && isComplete(before)) {
    drop(now);
    return { kind: 'older', version: before };
  }
  if (known(now) < known(before)) [now, before] = [before, now];
  drop(before);
  return known(now) > 0 ? { kind: 'partial', version: now } : lost(now);

  async function step(layer: Layer): Promise<void> {
    const { stored, signed, volumes, time } = layer;
    // What a damaged volume says counts only where signatures say the same.
    const isBelieved = stored !== undefined && (volumes.isProven || agrees(stored, signed));
    if (!isBelieved) return withoutVolume(layer);
    const meta = volumes.isProven || signed === undefined ? stored.meta : signed.meta;
    if (stored.kind === 'deleted') return forget();
    if (meta.type !== 'reg') return become({ meta, time, body: undefined });
    if (stored.kind === 'snapshot') {
      const body = await proven(await readContent(volumes, makeScratch()), layer);
      return become({ meta, time, body });
    }
    const known = isLost ? undefined : now?.body;
    if (known === undefined && !volumes.isProven) return remember();
    // What it adds by itself may be all there is.
    const base = known ?? { content: makeScratch(), ranges: [], sure: [], isWhole: false };
    const body = await proven(await applyKnown(volumes, base, makeScratch()), layer);
    if (known === undefined) base.content.dispose();
    if (body.isWhole || body.ranges.length > 0) return become({ meta, time, body });
    body.content.dispose();
    remember();
  }

  async function withoutVolume({ signed, isSigned, mayLack, signatures, time }: Layer): Promise<void> {
    if (!mayLack) return;
    if (signed === undefined) {
      if (!isSigned) remember();
      return;
    }
    if (signed.kind === 'deleted') return forget();
    const { meta } = signed;
    if (meta.type !== 'reg') return become({ meta, time, body: undefined });
    // It may be signed anew without a change.
    const body = isLost ? undefined : now?.body;
    if (body?.isWhole === true && (await fittingRanges(body.content, () => signatures.read())).isWhole) {
      now = { meta, time, body };
      return;
    }
    remember();
  }

  /** From here on it is not known what it is. */
  function remember(): void {
    if (!isLost && now !== undefined) keepBest(now);
    now = undefined;
    isLost = true;
  }

  function become(version: Version): void {
    if (!isLost && now !== undefined) {
      if (isComplete(version)) drop(now);
      else keepBest(now);
    }
    now = version;
    isLost = false;
    if (isComplete(version)) {
      drop(before);
      before = undefined;
    }
  }

  function keepBest(version: Version): void {
    if (before !== undefined && isComplete(before) && !isComplete(version)) return drop(version);
    drop(before);
    before = version;
  }

  function forget(): void {
    drop(now);
    drop(before);
    now = undefined;
    before = undefined;
    isLost = false;
  }
}

/** A header of a damaged volume that says what the signatures say. */
function agrees({ kind, meta }: Entry, signed: Entry | undefined): boolean {
  if (signed === undefined) return false;
  if (kind === 'deleted' || signed.kind === 'deleted') return kind === signed.kind;
  return meta.type === signed.meta.type;
}

/** Of what a damaged volume holds only that counts which its signature proves. */
async function proven(body: Patchwork, { volumes, signed, signatures }: Layer): Promise<Patchwork> {
  if (volumes.isProven) return body;
  if (signed === undefined) return { ...body, ranges: body.sure, isWhole: false };
  const { ranges, isWhole } = await fittingRanges(body.content, () => signatures.read());
  return { ...body, ranges: either(body.sure, common(body.ranges, ranges)), isWhole: body.isWhole && isWhole };
}

function isComplete({ body }: Version): boolean {
  return body === undefined || body.isWhole;
}

/** Bytes. */
function known(version: Version | undefined): number {
  return bytesIn(version?.body?.ranges ?? []);
}

function lost(version: Version | undefined): Found {
  drop(version);
  return { kind: 'lost', version: undefined };
}

function drop(version: Version | undefined): void {
  version?.body?.content.dispose();
}
