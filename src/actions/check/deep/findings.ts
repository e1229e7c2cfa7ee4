import { setKey } from '../../../collections/listing.ts';
import { idOf, type SetId } from '../../../collections/sets.ts';
import { counted } from '../../../util/counted.ts';
import { type BytePath, shown } from '../../../util/bytepath.ts';
import { damageWith } from '../remedies.ts';
import type { Damage } from '../report.ts';

/** Something that a file tells wrongly of a path. */
export interface Finding {
  readonly set: SetId;
  readonly part: Damage['part'];
  readonly place: Damage['place'];
  readonly file: string;
  readonly path: BytePath;
  /** As a clause behind the path. */
  readonly what: string;
}

/** Gathers what is found path by path: one line for each file and kind, however many paths it is of. */
export interface Findings {
  add(finding: Finding): void;
  all(): readonly Damage[];
}

export function gatherFindings(): Findings {
  const found = new Map<string, { readonly first: Finding; last: BytePath; count: number }>();
  return {
    add(finding) {
      const { set, file, what, path } = finding;
      const key = `${setKey(set)}\n${file}\n${what}`;
      const known = found.get(key);
      if (known === undefined) found.set(key, { first: finding, last: path, count: 1 });
      else {
        known.count++;
        known.last = path;
      }
    },
    all: () =>
      [...found.values()].map(({ first: { set, part, place, file, path, what }, last, count }) => {
        const more = count === 1 ? '' : ` The same goes for ${counted(count - 1, 'more path')}.`;
        const reason = `${shown(path)} ${what}.${more}`;
        return damageWith({
          kind: 'changed',
          part,
          place,
          file,
          set: idOf(set),
          reason,
          lost: { from: path, to: last },
        });
      }),
  };
}
