import { setKey } from '../../collections/listing.ts';
import { type BackupSet, idOf } from '../../collections/sets.ts';
import type { Survey } from './find/survey.ts';
import type { Proofs } from './prove/prove-all.ts';
import { damageWith } from './remedies.ts';
import type { Damage } from './report.ts';

/** Where the two manifests of a set differ, volumes may tell which of them is the wrong one. */
export function settleManifests({ sets, damage }: Survey, { witnesses }: Proofs): readonly Damage[] {
  const told = new Map([...witnesses].map(([{ set, file }, whose]) => [setKey(set), { volume: file, whose }]));
  const settled = sets.flatMap(({ set, source }) => {
    const witness = told.get(setKey(set));
    if (witness === undefined || source === undefined || isKnown(set)) return [];
    const place = (witness.whose === 'doubted') === (source === 'remote') ? 'remote' : 'local';
    const reason = `The hash that it tells of ${witness.volume} is wrong, that of the other copy is right.`;
    return damageWith(
      { place, file: nameAt(set, place), kind: 'changed', part: 'manifest', set: idOf(set), reason, lost: undefined },
      true,
    );
  });
  /** The ledger has told it already. */
  function isKnown(set: BackupSet): boolean {
    return damage.some((one) => one.kind === 'changed' && one.part === 'manifest' && setKey(one.set) === setKey(set));
  }

  const isOpen = ({ kind, part, set }: Damage): boolean =>
    kind !== 'differs' || part !== 'manifest' || !told.has(setKey(set));
  return [...damage.filter(isOpen), ...settled];
}

function nameAt({ manifest, localManifest }: BackupSet, place: Damage['place']): string {
  return (place === 'local' ? localManifest : manifest) ?? '';
}
