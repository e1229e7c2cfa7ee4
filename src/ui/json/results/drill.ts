import type { DrillReport } from '../../../actions/drill/report.ts';
import { textFields, timeFields } from '../fields.ts';
import type { DrillFields } from '../shapes/proof.ts';
import { setFields } from './sets.ts';

export function drillFields(report: DrillReport): DrillFields {
  const { isPassed, failures, set, age, expected, listing, files, seed, seconds } = report;
  const { read, bytesPerSecond, toRestore, restoreSeconds } = report;
  const { entries, asInSource, changedSince, onlyInSource } = listing;
  return {
    isPassed,
    failures: failures.map(({ what, hint, path }) => ({
      what,
      hint,
      ...(path !== undefined && textFields('path', path)),
    })),
    ...(set !== undefined && { set: setFields(set) }),
    ...(age !== undefined && { age }),
    ...(expected !== undefined && { ...timeFields('expected', expected.time), expectedBy: expected.by }),
    listing: {
      entries,
      ...(asInSource !== undefined && { asInSource }),
      ...(changedSince !== undefined && { changedSince }),
      ...(onlyInSource !== undefined && { onlyInSource }),
    },
    files,
    seed,
    seconds,
    read,
    ...(bytesPerSecond !== undefined && { bytesPerSecond }),
    ...(toRestore !== undefined && { toRestore }),
    ...(restoreSeconds !== undefined && { restoreSeconds }),
  };
}
