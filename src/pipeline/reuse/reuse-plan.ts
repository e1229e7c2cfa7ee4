import type { BaseVolume, Fate } from './base-volume.ts';
import type { Marked } from './volume-marks.ts';

/** Which volumes of a full backup a new one takes over. */
export interface ReusePlan {
  /** In the order of their entries. */
  readonly volumes: readonly BaseVolume[];
  /** By volume. */
  readonly fates: readonly Fate[];
}

/**
 * A volume of less than half the usual size that lies beside something to be stored anew goes with that: without it,
 * volumes would crumble from one backup to the next. Those behind it stay, so that larger volumes from now on cost no more
 * than that.
 */
export function joinSmall({ volumes, fates, between }: Marked, volumeSize: number): ReusePlan {
  const isNewBefore = (index: number): boolean => (between[index]?.entries ?? 0) > 0;
  const isDirty = (index: number): boolean => fates[index] !== undefined && fates[index] !== 'clean';
  const joined = fates.map((fate, index): Fate => {
    if (fate !== 'clean' || (volumes[index]?.size ?? 0) >= volumeSize / 2) return fate;
    const isBeside = isDirty(index - 1) || isDirty(index + 1) || isNewBefore(index) || isNewBefore(index + 1);
    return isBeside ? 'joined' : fate;
  });
  return { volumes, fates: joined };
}

/**
 * Whether what was begun, of so many bytes, goes on through a volume that could be copied: the two would be one of the
 * usual size at most. So of any two neighbours one is large, or both together are.
 */
export function goesOn(begun: number, next: BaseVolume, volumeSize: number): boolean {
  return begun > 0 && begun + next.size < volumeSize;
}

/** What a plan comes to, as far as that can be told beforehand. */
export interface Outlook {
  /** Volumes by what becomes of them. */
  readonly counts: Readonly<Record<Fate, number>>;
  /** Volumes that are copied, and their bytes. */
  readonly reused: number;
  readonly reusedBytes: number;
  /** Bytes of the source to read, and to send, about. */
  readonly toRead: number;
  readonly toSend: number;
}

/** Adds up what is to be done. Bytes to send are estimated by what the volumes that stay have made of their content. */
export function outlookOf({ inside, between }: Marked, { volumes, fates }: ReusePlan, volumeSize: number): Outlook {
  const ratio = compressionOf(volumes, fates, inside);
  const settled = [...fates];
  let begun = 0;
  let toRead = 0;
  let toSend = 0;
  const store = (bytes: number, entries: number): void => {
    if (entries === 0) return;
    // A header for each entry, and a little for a volume.
    const encoded = Math.ceil(bytes * ratio) + entries * 64;
    toRead += bytes;
    toSend += encoded;
    begun = (begun + encoded) % volumeSize;
  };
  for (const [index, volume] of volumes.entries()) {
    store(between[index]?.bytes ?? 0, between[index]?.entries ?? 0);
    if (settled[index] === 'clean' && goesOn(begun, volume, volumeSize)) settled[index] = 'joined';
    if (settled[index] === 'clean') begun = 0;
    else store(inside[index]?.bytes ?? 0, inside[index]?.entries ?? 0);
  }
  store(between[volumes.length]?.bytes ?? 0, between[volumes.length]?.entries ?? 0);
  const counts = { clean: 0, changed: 0, joined: 0, old: 0, missing: 0, locked: 0 };
  let reusedBytes = 0;
  for (const [index, fate] of settled.entries()) {
    counts[fate]++;
    if (fate === 'clean') reusedBytes += volumes[index]?.size ?? 0;
  }
  return { counts, reused: counts.clean, reusedBytes, toRead, toSend };
}

/** Stored bytes of a byte of content. */
function compressionOf(volumes: readonly BaseVolume[], fates: readonly Fate[], inside: Marked['inside']): number {
  let stored = 0;
  let content = 0;
  for (const [index, { size }] of volumes.entries()) {
    if (fates[index] !== 'clean') continue;
    stored += size;
    content += inside[index]?.bytes ?? 0;
  }
  return content === 0 ? 1 : Math.min(1.1, stored / content);
}
