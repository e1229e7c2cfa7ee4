import type { FullDue, FullReason, FullUnknown } from '../../collections/full-due.ts';
import { durationWords, sizeWords } from '../numbers.ts';

/** Why a backup becomes a full one, a line for each rule; the first is what the reference says. */
export function fullDueText({ reasons, unknown }: FullDue): string {
  return [...reasons.map(reasonText), ...unknown.map(unknownText)].join('\n');
}

function reasonText(reason: FullReason): string {
  switch (reason.rule) {
    case 'olderThan':
      return 'Last full backup is too old, forcing full backup';
    case 'chainLongerThan': {
      const has = reason.increments === 1 ? 'is 1 increment' : `are ${reason.increments} increments`;
      return `There ${has} in the last chain, which is not to hold more than ${reason.most}: forcing full backup`;
    }
    case 'chainLargerThan':
      return `The increments of the last chain have ${sizeWords(reason.bytes)} (the full backup ${sizeWords(reason.fullBytes)}), more than ${sizeWords(Math.floor(reason.most))}: forcing full backup`;
    case 'restoreLongerThan':
      return `To restore the last chain would take about ${durationWords(roughly(reason.seconds))}, more than ${durationWords(reason.most)}: forcing full backup`;
  }
}

/** It is an estimate. */
function roughly(seconds: number): number {
  return seconds < 120 ? Math.round(seconds) : Math.round(seconds / 60) * 60;
}

function unknownText({ rule, lacks }: FullUnknown): string {
  const option = rule === 'chainLargerThan' ? '--full-if-chain-larger-than' : '--full-if-restore-longer-than';
  const why =
    lacks === 'sizes' ? 'the storage does not list sizes' : 'it is not known yet how fast backups can be read here';
  return `${option} does nothing: ${why}.`;
}
