// The table of bench/backends.ts, in Markdown.
import { median } from './measure.mjs';

export interface Run {
  readonly scheme: string;
  readonly server: string;
  readonly program: string;
  readonly action: 'backup' | 'restore';
  readonly wallS: number;
  /** Of the program and what it starts; not of the server. */
  readonly cpuS: number;
  /** Of the largest single process. */
  readonly peakMiB: number;
  readonly problem: string | undefined;
}

interface About {
  readonly command: string;
  readonly date: string;
  readonly sizeMiB: number;
  readonly volumeMiB: number;
  readonly machine: Readonly<Record<string, string>>;
  readonly versions: Readonly<Record<string, string>>;
}

const HEAD = [
  'scheme',
  'server',
  'action',
  'rounds',
  'wall s',
  'ref.',
  'wall ratio',
  'lowest to highest',
  'MB/s',
  'ref.',
  'CPU s',
  'ref.',
  'CPU ratio',
  'peak MiB',
  'ref.',
];
/** Columns that are text. */
const LEFT = 3;

export function storageSection(runs: readonly Run[], about: About): string {
  const list = (facts: Readonly<Record<string, string>>): string =>
    Object.entries(facts)
      .map(([name, value]) => `- ${name}: ${value}`)
      .join('\n');
  return `\`${about.command}\` wrote this section on ${about.date}.

${list(about.machine)}
${list(about.versions)}

${about.sizeMiB} MiB of random data in a few large files, \`--no-encryption --no-compression --volsize ${about.volumeMiB}\`, to and
from servers on loopback; what a restore brings back is compared. In every round, on a new server, each program backs up
and restores, with an archive directory that is empty each time; they take turns at being first. Figures are medians of
the rounds, ratios too: this program's figure divided by the reference's, below 1 is less. CPU is that of the program and
of all it starts (lftp, rsync, ssh, rclone), not the server's, which takes its share of the same two cores.

${table(runs, about.sizeMiB)}`;
}

function table(runs: readonly Run[], sizeMiB: number): string {
  const rows = [...new Set(runs.map(({ scheme, action }) => `${scheme}\n${action}`))].map((key) => {
    const [scheme = '', action = ''] = key.split('\n');
    const of = (program: string): readonly Run[] =>
      runs.filter((run) => run.scheme === scheme && run.action === action && run.program === program);
    const [ours, reference] = [of('ours'), of('reference')];
    const server = ours[0]?.server ?? '';
    const problem = [...ours, ...reference].find((run) => run.problem !== undefined);
    if (problem !== undefined) return [scheme, server, action, '', `${problem.program}: ${problem.problem ?? ''}`];
    const middle = (of: readonly Run[], key: 'wallS' | 'cpuS' | 'peakMiB'): number => median(of.map((run) => run[key]));
    const ratios = (key: 'wallS' | 'cpuS'): number[] =>
      reference.map((run, round) => (ours[round]?.[key] ?? Number.NaN) / run[key]);
    const hasReference = reference.length > 0;
    const shown = (of: readonly Run[], value: () => number, digits: number): string =>
      of.length === 0 ? '' : value().toFixed(digits);
    const both = (key: 'wallS' | 'cpuS' | 'peakMiB', digits: number): string[] =>
      [ours, reference].map((of) => shown(of, () => middle(of, key), digits));
    const speed = [ours, reference].map((of) => shown(of, () => (sizeMiB * 1.048576) / middle(of, 'wallS'), 0));
    const wall = ratios('wallS');
    return [
      scheme,
      server,
      action,
      String(ours.length),
      ...both('wallS', 2),
      hasReference ? `**${median(wall).toFixed(2)}**` : '',
      hasReference ? `${Math.min(...wall).toFixed(2)} to ${Math.max(...wall).toFixed(2)}` : '',
      ...speed,
      ...both('cpuS', 2),
      hasReference ? `**${median(ratios('cpuS')).toFixed(2)}**` : '',
      ...both('peakMiB', 0),
    ];
  });
  const widths = HEAD.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${widths.map((width, i) => (i < LEFT ? (cells[i] ?? '').padEnd(width) : (cells[i] ?? '').padStart(width))).join(' | ')} |`;
  const rule = widths.map((width, i) => (i < LEFT ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`));
  return [line(HEAD), line(rule), ...rows.map(line)].join('\n');
}
