import type { Origin } from '../../../cache/journal.ts';
import { formatLocalName } from '../../../archive/names/names.ts';
import { appendLedger, type LedgerRecord } from '../../../cache/ledger.ts';
import { setKey } from '../../../collections/listing.ts';
import type { SetId } from '../../../collections/sets.ts';
import type { Codec } from '../../../crypto/codec.ts';
import type { KeptVolume } from '../../../pipeline/pack/set-writer.ts';
import { hashFile } from '../../../pipeline/remote.ts';
import type { Repository } from '../../../repository/repository.ts';
import type { VolumeCopies } from './copies.ts';

/** A volume that is a copy of another. */
interface CopiedVolume {
  readonly number: number;
  readonly sha1: string;
  readonly origin: Origin;
}

interface Made {
  readonly set: SetId;
  readonly volumes: number;
  readonly codec: Codec;
  readonly taken: readonly CopiedVolume[];
}

/** Those of an interrupted run. */
export function keptCopies(kept: readonly KeptVolume[]): readonly CopiedVolume[] {
  return kept.flatMap(({ line }) =>
    line?.copied === undefined ? [] : [{ number: line.volume, sha1: line.sha1, origin: line.copied }],
  );
}

/** Those of this run. */
export function takenCopies(copies: VolumeCopies | undefined): readonly CopiedVolume[] {
  if (copies === undefined) return [];
  return copies.taken.map(({ number, base }) => ({ number, sha1: base.sha1, origin: copies.originOf(base) }));
}

/** Notes in the ledger a finished set, by whom it is signed, what it has taken over, and how old that is. */
export function noteSet(
  { archiveDir, ledger, prefixes, keys }: Repository,
  { set, volumes, codec, taken }: Made,
): void {
  const signer = codec.suffix === '.gpg' ? keys.signer : undefined;
  const name = { kind: 'manifest', ...set, partial: false, encrypted: false, compressed: false } as const;
  const manifest = hashFile(archiveDir.pathOf(formatLocalName(name, prefixes)), 'SHA1');
  const of = { at: set.end, set: setKey(set) };
  const made: LedgerRecord = {
    what: 'made',
    ...of,
    volumes,
    manifest,
    ...(signer !== undefined && { signer }),
    ...(ledger?.place !== undefined && ledger.place !== '' && { place: ledger.place }),
  };
  const copied = taken
    .toSorted((a, b) => a.number - b.number)
    .map(({ number, sha1, origin }): LedgerRecord => {
      const { set: from, volume: was, made: time } = origin;
      return { what: 'copied', ...of, volume: number, sha1, from, was, made: time };
    });
  if (ledger === undefined) appendLedger(archiveDir, [made, ...copied]);
  else ledger.append([made, ...copied]);
}
