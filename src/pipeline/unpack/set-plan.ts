import { volumesFor, type Manifest, type VolumeRecord } from '../../archive/manifest/manifest.ts';
import type { Prefixes } from '../../archive/names/names.ts';
import type { BackupSet } from '../../collections/sets.ts';
import { IntegrityError } from '../../errors/errors.ts';
import type { BytePath } from '../../util/bytepath.ts';
import { missingVolume } from './fetch-volume.ts';

/** The volumes of one set that a restore has to read. */
export interface SetPlan {
  readonly set: BackupSet;
  readonly records: readonly VolumeRecord[];
  /** What they are read for; they can begin and end inside of something else. */
  readonly wanted: BytePath;
}

interface PlanRules {
  readonly prefixes: Prefixes;
  readonly ignoreErrors: boolean;
}

/**
 * Chooses the volumes that can hold `wanted`. A volume that the manifest names and the remote does not hold stops a
 * restore before anything is written.
 */
export function planSet(set: BackupSet, manifest: Manifest, wanted: BytePath, rules: PlanRules): SetPlan {
  const { prefixes, ignoreErrors } = rules;
  const damage = damageOf(set, manifest);
  if (damage !== undefined && !ignoreErrors) throw damage;
  const records = volumesFor(manifest, wanted);
  const missing = records.find(({ number }) => !set.volumes.has(number));
  if (missing !== undefined && !ignoreErrors) throw missingVolume(set, missing, prefixes);
  return { set, records, wanted };
}

/**
 * A manifest that was cut off still reads well: it names fewer volumes or files than there are. One with its whole list of
 * files, which is written last, is not cut: a volume more is then left from an attempt before a resumed one.
 */
export function damageOf(set: BackupSet, { volumes, fileList }: Manifest): IntegrityError | undefined {
  const known = new Set(volumes.map(({ number }) => number));
  const isWhole = fileList !== undefined && fileList.found >= fileList.announced;
  const surplus = isWhole ? undefined : [...set.volumes.keys()].find((number) => !known.has(number));
  const gap = volumes.findIndex(({ number }, i) => number !== i + 1);
  const isShort = fileList !== undefined && !isWhole;
  if (surplus === undefined && gap < 0 && !isShort) return undefined;
  const what =
    surplus !== undefined
      ? `does not name volume ${surplus}, which is there`
      : gap >= 0
        ? `names no volume ${gap + 1}`
        : `announces ${fileList?.announced ?? 0} changed files and lists ${fileList?.found ?? 0}`;
  const name = set.localManifest ?? set.manifest ?? 'The manifest';
  return new IntegrityError('DAMAGED', `${name} is damaged or cut off: it ${what}.`, {
    hint: 'Restore from an earlier set with --time, or rescue what there is with "restore --salvage".',
  });
}

/** Names of the files a plan reads, in reading order. */
export function volumeNames(plan: SetPlan): readonly string[] {
  return plan.records.flatMap(({ number }) => plan.set.volumes.get(number)?.slice(0, 1) ?? []);
}
