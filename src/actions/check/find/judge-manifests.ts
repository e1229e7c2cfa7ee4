import type { Manifest } from '../../../archive/manifest/manifest.ts';
import { type BackupSet, idOf } from '../../../collections/sets.ts';
import { damageOf } from '../../../pipeline/unpack/set-plan.ts';
import { asctime } from '../../../util/time.ts';
import type { ProvenRecord } from '../memory.ts';
import { damageWith } from '../remedies.ts';
import type { Damage, Unproven } from '../report.ts';
import type { Manifests, ReadManifest } from './read-manifests.ts';

export interface Judged {
  /** What the volumes are held against; undefined: there is none that can be read. */
  readonly manifest: Manifest | undefined;
  /** Where it was read from. */
  readonly source: Damage['place'] | undefined;
  /** Where the two places do not agree: the one that was not believed. */
  readonly other: Manifest | undefined;
  readonly damage: readonly Damage[];
  readonly unproven: readonly Unproven[];
  /** The remote one is right: the hash of its file. */
  readonly sound: string | undefined;
}

interface Known {
  /** The hash of the one that was made here: an older one that has come back reads well, too. */
  readonly made: string | undefined;
  /** When the file on the remote was last found right. */
  readonly proven: ProvenRecord | undefined;
}

/** Which manifest of a set counts, and what is wrong with the others. */
export function judgeManifests(set: BackupSet, { remote, local }: Manifests, { made, proven }: Known): Judged {
  const damage: Damage[] = [];
  const unproven: Unproven[] = [];
  const hasCopy = isSound(local);

  if (remote?.kind === 'locked' && (remote.stored === undefined || proven === undefined)) {
    unproven.push({ file: remote.name, set: idOf(set), why: 'needsKey' });
  }
  for (const [place, read] of [['remote', remote] as const, ['local', local] as const]) {
    const reason = read && whatIsWrong(read);
    if (reason !== undefined) add('changed', place, read?.name ?? '', reason);
  }
  const readable = [remote, local].filter((read) => read?.kind === 'read');
  const differ = remote?.kind === 'read' && local?.kind === 'read' && remote.sha1 !== local.sha1;
  if (differ && damage.length === 0) {
    add('differs', 'remote', remote.name, `The copy ${local.name} in the archive dir is another one.`);
  }
  const best = readable.find((read) => isSound(read) && hasAll(read.manifest)) ?? readable.find(isSound) ?? readable[0];
  return {
    manifest: best?.manifest,
    source: best && (best === local ? 'local' : 'remote'),
    other: differ ? readable.find((read) => read !== best)?.manifest : undefined,
    damage,
    unproven,
    sound: damage.length === 0 && remote !== undefined && remote.kind !== 'damaged' ? remote.stored : undefined,
  };

  function add(kind: Damage['kind'], place: Damage['place'], file: string, reason: string): void {
    damage.push(damageWith({ kind, part: 'manifest', place, file, set: idOf(set), reason, lost: undefined }, hasCopy));
  }

  /** One that belongs to another set may name volumes that this one does not have. */
  function hasAll({ volumes }: Manifest): boolean {
    return volumes.every(({ number }) => set.volumes.has(number));
  }

  function isSound(read: ReadManifest | undefined): boolean {
    return read?.kind === 'read' && whatIsWrong(read) === undefined;
  }

  function whatIsWrong(read: ReadManifest): string | undefined {
    switch (read.kind) {
      case 'damaged':
        return read.error.message;
      case 'locked':
        if (proven === undefined || read.stored === undefined || read.stored === proven.sha1) return undefined;
        return `It holds other bytes than when it was found right, on ${asctime(proven.at)}.`;
      case 'read':
        if (made !== undefined && read.sha1 !== made) {
          return 'It is not the manifest that was made then: another one is in its place.';
        }
        return damageOf(set, read.manifest)?.message;
    }
  }
}
