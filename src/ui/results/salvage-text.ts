import type { SalvageReport, Unknown } from '../../actions/restore/salvage/report.ts';
import type { Verdict } from '../../events/verdict.ts';
import { counted } from '../../util/counted.ts';
import { shown, toScreen } from '../../util/bytepath.ts';
import { asctime } from '../../util/time.ts';
import { sizeWords } from '../numbers.ts';

/** Ranges that are told to people; machines get all. */
const MOST_RANGES = 4;

/** What is said of a path that did not come back whole. */
export function salvagedText({ path, fate, time, ranges, size = 0 }: Omit<Verdict, 'kind'>): string {
  const name = shown(path);
  switch (fate) {
    case 'older':
      return `OLDER   ${name}: as it was on ${asctime(time ?? 0)}`;
    case 'partial': {
      const known = ranges.reduce((sum, { from, to }) => sum + to - from, 0);
      const some = ranges.slice(0, MOST_RANGES).map(({ from, to }) => `${from} to ${to - 1}`);
      const more = ranges.length > MOST_RANGES ? `, and ${counted(ranges.length - MOST_RANGES, 'more range')}` : '';
      return `PARTIAL ${name}.partial: ${sizeWords(known)} of at least ${sizeWords(size)} are right: bytes ${some.join(', ')}${more}`;
    }
    case 'lost':
      return `LOST    ${name}`;
  }
}

/** What a salvage says at its end. */
export function salvageLines({ whole, notWhole, unknown, harm }: SalvageReport): readonly string[] {
  const count = (fate: Verdict['fate']): number => notWhole.filter((verdict) => verdict.fate === fate).length;
  return [
    ...unknown.map(unknownText),
    `damaged in the store  ${counted(harm.length, 'file')}`,
    `whole                 ${counted(whole, 'path')}`,
    `older version         ${counted(count('older'), 'path')}`,
    `partial               ${counted(count('partial'), 'path')}`,
    `lost                  ${counted(count('lost'), 'path')}`,
  ];
}

function unknownText({ file, from, to }: Unknown): string {
  const where = from === undefined || to === undefined ? 'anywhere' : `from ${shown(from)} to ${shown(to)}`;
  return `UNKNOWN paths ${where} may be missing: nothing tells what ${toScreen(file)} held`;
}

/** Whether all has come back as it was. */
export function isAllWhole({ notWhole, unknown }: SalvageReport): boolean {
  return notWhole.length === 0 && unknown.length === 0;
}

/** The last word when it has not. */
export function notWholeText({ notWhole, unknown }: SalvageReport): string {
  if (notWhole.length === 0) return `Paths that ${counted(unknown.length, 'lost file')} may have held are missing.`;
  const have = notWhole.length === 1 ? 'has' : 'have';
  return `${counted(notWhole.length, 'path')} ${have} not come back whole.`;
}
