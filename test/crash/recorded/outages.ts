import { seeded } from '../../support/random.ts';
import type { Fate, Step } from './disk.ts';

/** What a power failure makes of the steps before it. */
export interface Outage {
  readonly name: string;
  readonly fate: (index: number) => Fate;
}

const isContent = ({ does }: Step): boolean => does === 'write' || does === 'cut';
const makes = ({ does }: Step): boolean => does === 'make' || does === 'name' || does === 'rename';

/** For each of the first n steps, whether it was brought to the disk by then. */
function synced(steps: readonly Step[], n: number): readonly boolean[] {
  const flushed = new Set<number>();
  const certain: boolean[] = [];
  for (let i = n - 1; i >= 0; i--) {
    const step = steps[i];
    if (step === undefined) continue;
    if (step.does === 'sync') flushed.add(step.node);
    certain[i] = flushed.has('in' in step ? step.in : step.node);
  }
  return certain;
}

/**
 * What disks a power failure after n steps can leave. Two kinds of file systems: those with a journal (ext4, XFS, btrfs),
 * which keep names in the order in which they were made, and all of them with each sync; and those that promise nothing but
 * what a sync of the very file or directory gives (FAT, ext2), where each step is lost or not for itself.
 */
export function outages(steps: readonly Step[], n: number, seed: number): readonly Outage[] {
  const certain = synced(steps, n);
  const barrier = Math.max(
    0,
    steps.slice(0, n).findLastIndex(({ does }) => does === 'sync'),
  );
  const stepAt = (i: number): Step => {
    const step = steps[i];
    if (step === undefined) throw new Error(`no step ${i}`);
    return step;
  };
  const journaled =
    (upTo: number, content: Fate) =>
    (i: number): Fate => {
      if (certain[i] === true) return 'done';
      if (isContent(stepAt(i))) return stepAt(i).does === 'write' ? content : 'done';
      return i <= upTo ? 'done' : 'lost';
    };
  const free =
    (choose: (step: Step) => Fate) =>
    (i: number): Fate =>
      certain[i] === true ? 'done' : choose(stepAt(i));
  const random = seeded(seed * 1_000_003 + n);
  const drawn = (): ((i: number) => Fate) => {
    const fates = steps.slice(0, n).map((step): Fate => {
      const dice = random();
      if (dice < 0.5) return 'done';
      if (step.does !== 'write' || dice < 0.7) return 'lost';
      return dice < 0.85 ? 'zeros' : 'half';
    });
    return free((step) => fates[steps.indexOf(step)] ?? 'done');
  };
  return [
    { name: 'journal, nothing since the last sync', fate: journaled(barrier, 'lost') },
    { name: 'journal, names without content', fate: journaled(n, 'lost') },
    { name: 'journal, some names', fate: journaled((barrier + n) >> 1, 'half') },
    { name: 'nothing that was not synced', fate: free(() => 'lost') },
    { name: 'names, and zeros in files', fate: free((step) => (step.does === 'write' ? 'zeros' : 'done')) },
    { name: 'contents without names', fate: free((step) => (isContent(step) ? 'done' : 'lost')) },
    { name: 'removals first', fate: free((step) => (makes(step) ? 'lost' : 'done')) },
    { name: 'removals last', fate: free((step) => (step.does === 'unname' ? 'lost' : 'done')) },
    { name: 'drawn', fate: drawn() },
    { name: 'drawn again', fate: drawn() },
  ];
}
