import { setKey } from '../../collections/listing.ts';
import { idOf } from '../../collections/sets.ts';
import type { Survey } from './find/survey.ts';
import type { Proofs } from './prove/prove-all.ts';
import { damageWith } from './remedies.ts';
import type { Damage } from './report.ts';

/**
 * Metadata that the key at hand does not open, while it opens the others of the same set: these are encrypted by one run,
 * for the same keys. Bytes were changed at the beginning, where the keys are.
 */
export function oddLocks({ sets }: Survey, { proven, unproven }: Proofs): readonly Damage[] {
  const opened = new Set(
    [...proven].filter(({ part, wasOpened }) => part === 'signatures' && wasOpened).map(({ set }) => setKey(set)),
  );
  const refused = new Map(unproven.map(({ set, file }) => [setKey(set), file]));
  return sets.flatMap(({ set, lock }) => {
    const key = setKey(set);
    const damage: Damage[] = [];
    const add = (part: Damage['part'], file: string): void => {
      const reason = 'The key that opens the other files of the set does not open it.';
      const about = { kind: 'changed', part, place: 'remote', file, set: idOf(set), reason, lost: undefined } as const;
      damage.push(damageWith(about, set.localManifest !== undefined));
    };
    const signatures = refused.get(key);
    if (lock === 'refused' && opened.has(key)) add('manifest', set.manifest ?? '');
    if (lock === 'opened' && signatures !== undefined) add('signatures', signatures);
    return damage;
  });
}
