import type { Prefixes } from '../../archive/names/names.ts';
import { counted } from '../../util/counted.ts';
import { asctime } from '../../util/time.ts';
import { fetchingHints } from './fetching.ts';
import type { RecoveryKit } from './kit.ts';

/** The sheet names no more sets than these; the newest always. */
const MOST_SETS = 12;

type Told = Omit<RecoveryKit, 'sheet'>;

/** What somebody has to know who has nothing but this sheet, the script and the key: text for paper, without secrets. */
export function sheetOf(kit: Told, prefixes: Prefixes): string {
  return [
    'RECOVERY SHEET OF A BACKUP',
    `as of ${asctime(kit.time)}`,
    '',
    'WHERE IT IS',
    `  ${kit.url}`,
    ...namesOf(prefixes),
    ...sizeOf(kit),
    '',
    'WHAT OPENS IT',
    ...openersOf(kit),
    '',
    'NEWEST BACKUPS',
    ...newestOf(kit),
    '',
    'HOW TO RESTORE',
    ...stepsOf(kit),
    '',
    'HOW TO KNOW THAT IT IS RIGHT',
    '  The script compares each volume with the SHA-1 in its manifest and ends with 0 only when',
    '  all of it was restored; it says of which backup the state is: compare that with the list above.',
    '  A file that is missing or damaged is named: fetch it again, or give a time before its backup.',
    '  Try all of this once a year, on another computer, before you need it.',
    '',
  ].join('\n');
}

function namesOf({ all, manifest, volume }: Prefixes): readonly string[] {
  const names = ['duplicity-full.TIME.manifest', 'duplicity-inc.TIME.to.TIME.manifest'];
  const list = names.map((name) => `${all}${manifest}${name}`).join(', ');
  return [
    `  A backup is a manifest (${list}),`,
    `  and volumes beside it (${all}${volume}duplicity-full.TIME.vol1.difftar and so on). .gpg is OpenPGP, .gz gzip.`,
    '  An increment needs the full backup and all increments before it. Signatures (sigtar) are not needed.',
  ];
}

function sizeOf({ sets }: Told): readonly string[] {
  const bytes = sets.reduce<number | undefined>(
    (sum, set) => (sum === undefined || set.bytes === undefined ? undefined : sum + set.bytes),
    0,
  );
  const volumes = sets.reduce((sum, set) => sum + set.volumes, 0);
  const size = bytes === undefined ? '' : `, ${bytes} bytes`;
  return [`  To be fetched: ${counted(sets.length, 'manifest')}, ${counted(volumes, 'volume')}${size}.`];
}

function openersOf({ passphrase, keys, hiddenKeys }: Told): readonly string[] {
  if (!passphrase && keys.length === 0 && hiddenKeys === 0) return ['  Nothing: it is not encrypted.'];
  const lines: string[] = [];
  if (passphrase) lines.push('  The passphrase. Where it is kept: ______________________________________');
  for (const { id, fingerprint, user } of keys) {
    lines.push(`  The secret key with the encryption key ${spaced(id)}`);
    if (fingerprint !== undefined)
      lines.push(`    fingerprint ${spaced(fingerprint)}`, `    of ${printable(user ?? '')}`);
  }
  if (hiddenKeys > 0)
    lines.push(`  The secret key of one of ${counted(hiddenKeys, 'recipient')} not named in the files.`);
  if (keys.length + hiddenKeys > 0) {
    lines.push('  Where the secret key is kept, and its passphrase: __________________________________');
  }
  return lines;
}

function newestOf({ sets, earlier }: Told): readonly string[] {
  const [full, ...increments] = sets.map(
    ({ type, end, volumes, manifest }) =>
      `  ${type === 'full' ? 'full     ' : 'increment'} ${asctime(end)}  ${counted(volumes, 'volume')}\n            ${printable(manifest)}`,
  );
  const shown = increments.slice(1 - MOST_SETS);
  const between = increments.length - shown.length;
  return [
    full ?? '',
    ...(between > 0 ? [`  ... ${counted(between, 'increment')} between`] : []),
    ...shown,
    ...(earlier.length > 0 ? [`  Full backups before: ${earlier.slice(0, MOST_SETS).map(asctime).join(', ')}`] : []),
  ];
}

function stepsOf(kit: Told): readonly string[] {
  const isLocked = kit.passphrase || kit.keys.length > 0 || kit.hiddenKeys > 0;
  const hasKey = kit.keys.length > 0 || kit.hiddenKeys > 0;
  const steps = [
    ['A computer with Linux. Debian and its like: apt install gnupg rdiff (the rest is there).'],
    ['Room for what is restored, and for the files of the backup. Fetch all of these:', ...fetchingHints(kit.url)],
    ...(hasKey ? [['gpg --import secret-key.asc']] : []),
    ...(kit.passphrase && isLocked
      ? [['Give the passphrase to the script:', '  read -r PASSPHRASE; export PASSPHRASE']]
      : []),
    [
      'sh recover.sh DIRECTORY TARGET',
      '  DIRECTORY: where the files of the backup are. TARGET: a new directory to restore into.',
      '  For an older state add a time: sh recover.sh DIRECTORY TARGET "2026-11-30 12:00"',
      '  As root owners come back, too.',
    ],
  ];
  return steps.flatMap(([first = '', ...more], i) => [`  ${i + 1}. ${first}`, ...more.map((line) => `     ${line}`)]);
}

function spaced(digits: string): string {
  return digits.replaceAll(/(.{4})(?=.)/g, '$1 ');
}

function printable(text: string): string {
  return text.replaceAll(/[\u0000-\u001F\u007F-\u009F]/g, '?');
}
