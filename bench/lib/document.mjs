// docs/performance.md from the results.
import { short } from './plots.mjs';
import { peerPairs, peerTable, referencePairs, referenceTable, scaleTable } from './report.mjs';

/** What is plotted of a kind of bench/scale.mjs, and what its table holds besides. */
export const SCALES = {
  entries: {
    title: 'Number of entries',
    plotted: ['full', 'no-op', 'list', 'restore one'],
    actions: ['full', 'no-op', 'list', 'restore', 'restore one', 'status'],
    size: short,
    about:
      'Empty files, `--no-encryption`: what an entry costs without its content. The restored file lies behind nine tenths of\nthe others.',
  },
  sets: {
    title: 'Number of sets',
    plotted: ['inc', 'list', 'restore', 'status'],
    actions: ['inc', 'no-op', 'list', 'restore', 'restore one', 'verify', 'status', 're-sync'],
    size: short,
    about:
      'A chain over 200 files of 2.5 KB, four of which change in each set, one of them always the same, `--no-encryption`.\n`restore one` brings that one back.',
  },
  huge: {
    title: 'Size of one file',
    plotted: ['full', 'inc', 'no-op', 'restore one'],
    actions: ['full', 'no-op', 'inc', 'list', 'restore one', 'status'],
    size: (/** @type {number} */ value) => `${value} GiB`,
    about:
      'A sparse file with 64 KiB of data in each 256 MiB, `--no-encryption`. For `inc` 64 KiB in its middle are new.\n`restore one` brings back a small file that lies behind it, for which all of the volume before it has to be inflated.',
  },
};

/** Plots of CPU ratios, by corpus. */
export const RATIOS = { small: 'small files', big: 'large files', sets: 'many sets' };

/**
 * @param {object} results of bench/run.mjs
 * @param {string} [results.note] what is missing of them
 * @param {readonly import('./speed.mjs').Series[]} results.series
 * @param {readonly object[]} scale figures of bench/scale.mjs
 * @param {(name: string) => boolean} hasPlot
 */
export function performanceDocument({ command, date, rounds, sizes, machine, versions, note, series }, scale, hasPlot) {
  const pairs = referencePairs(series);
  const peers = peerPairs(series);
  const image = (name, text) => (hasPlot(name) ? `![${text}](performance/${name}.svg)` : '');
  const parts = [
    `# Performance

Whole processes of this program, measured beside the reference (duplicity 0.8.22) and two programs of the
same kind. \`${command}\` measured them on ${date}.${note === undefined ? '' : ` ${note}`}

${list(machine)}
${list(versions)}${commits(series, scale)}${otherProcessors(series, machine.CPU)}`,
    ...Object.entries(RATIOS).map(([corpus, text]) =>
      image(`ratio-${corpus}`, `CPU time of each action beside the reference, ${text}`),
    ),
    `## How it is measured

- In every round each tool does the same thing once; this program and the reference follow one another directly, and
  take turns at being first. A ratio is this program's figure divided by the other's, the median of ${rounds} rounds (fewer
  where a round takes long): below 1 is less. ${spread(pairs)}
- CPU is user and system time of the process and all processes it waits for, gpg included. This program is started
  through \`./duplicity\`, which looks whether the build is up to date.
- The target is the CPU ratio this program is to reach; ✗ marks where it is missed.
- Peak is the resident memory of the largest single process. Stored is what the action adds to the remote.
- After each restore the tree is compared with the source: names, types, modes, content, where links lead, and times but
  those of links. A list must have as many entries as the source. \`verify\` must end with 0. A wrong result is a failure
  and has no ratio.
- Sources are made by \`bench/corpus.mjs\`, which gives the same bytes everywhere; files are in the page cache.
- Mode \`sym\` is encrypted with a passphrase, \`pub\` to an RSA-3072 key; \`gz\` is \`--no-encryption\`, \`plain\` is
  \`--no-encryption --no-compression\`.`,
    summary(pairs),
    section('Large files', describeBig(sizes), 'big', pairs, peers),
    section('Small files', describeSmall(sizes), 'small', pairs, peers),
    section('Many sets', `A chain of ${sizes.sets} sets of one small file.`, 'sets', pairs, []),
    growth(scale, image),
    `## Doing it again

\`\`\`sh
npm run bench                      # all of it, and this page
npm run bench -- --quick           # small sources, tables only
npm run bench -- --corpus small --modes gz --ops full,no-op -n 7
npm run bench -- --ops full --keep # these figures in place of the last ones, and this page
npm run bench -- --page            # this page and its plots from bench/results, without measuring
node bench/scale.mjs entries       # growth with entries; sets and huge: with sets and with the size of a file
npx tsx bench/backends.ts          # the storage on servers
\`\`\`

The reference, gpg and GNU time must be installed; restic and borg take part when they are. \`--help\` lists the options.`,
  ];
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`;
}

function list(record) {
  return Object.entries(record)
    .map(([name, text]) => `- ${name}: ${text}`)
    .join('\n');
}

/** Figures may be of several days. */
function commits(series, scale) {
  const all = [...series, ...scale].map(({ commit }) => commit).filter((commit) => commit !== undefined);
  const found = [...new Set(all)];
  return found.length === 0 ? '' : `\n- measured at: commit ${found.join(', ')}`;
}

/** Nor of one machine. Ratios can be compared, seconds cannot. */
function otherProcessors(series, cpu) {
  const others = series.filter((one) => one.cpu !== undefined && one.cpu !== cpu);
  const found = [...new Set(others.map((one) => `${one.cpu}, commit ${one.commit}`))];
  return found.length === 0
    ? ''
    : `\n- of another processor (${found.join('; ')}): ${others.length} of ${series.length} rows, those without a wall ratio`;
}

function growth(scale, image) {
  const parts = Object.entries(SCALES).flatMap(([kind, { title, about, actions, size }]) => {
    const figures = scale.filter((figure) => figure.kind === kind);
    if (figures.length === 0) return [];
    const plot = image(`growth-${kind}`, `${title}: time and memory`);
    return [`### ${title}`, about, ...(plot === '' ? [] : [plot]), scaleTable(figures, actions, size)];
  });
  if (parts.length === 0) return '';
  return [
    '## Growth',
    '`node bench/scale.mjs` measured these, one run each, with other work on the machine; the reference takes part where it ends in\na few minutes.',
    ...parts,
  ].join('\n\n');
}

function summary(pairs) {
  const valid = pairs.filter(({ problems }) => problems.length === 0);
  const slower = valid.filter(({ cpu }) => Number(cpu.toFixed(2)) > 1);
  const cases = `${valid.length - slower.length} of ${pairs.length} cases take no more CPU than the reference`;
  const parts = [
    '## Against the reference',
    slower.length === 0 ? `${cases}.` : `${cases}. These take more, the bold ones in every round:`,
  ];
  const byAction = new Map();
  for (const { ours, cpu, cpuRounds } of slower) {
    const key = `${ours.corpus}, ${ours.action}`;
    const ratio = cpuRounds.every((value) => value > 1) ? `**${cpu.toFixed(2)}**` : cpu.toFixed(2);
    byAction.set(key, [...(byAction.get(key) ?? []), `${ours.mode} ${ratio}`]);
  }
  if (byAction.size > 0) parts.push([...byAction].map(([key, ratios]) => `- ${key}: ${ratios.join(', ')}`).join('\n'));
  return parts.join('\n\n');
}

/** How far the rounds are apart: what a reader may make of a small difference. */
function spread(pairs) {
  const widths = pairs
    .filter(({ problems }) => problems.length === 0)
    .map(({ cpu, cpuRounds }) => (Math.max(...cpuRounds) - Math.min(...cpuRounds)) / cpu)
    .sort((a, b) => a - b);
  if (!widths.some((width) => width > 0)) return '';
  const percent = (part) => `${(100 * widths[Math.floor((widths.length - 1) * part)]).toFixed(0)} %`;
  return `Other work on the machine moves single rounds: between the lowest and the highest CPU ratio
  of a case lie ${percent(0.5)} in the middle case, ${percent(0.9)} or less in nine of ten.`;
}

function describeBig({ bigBytes }) {
  return `8 files of ${(bigBytes / 8e6).toFixed(0)} MB, half of them random bytes, half log text. For \`inc\` four of them get 24
inserts, deletions and overwrites of up to 64 KiB each.`;
}

function describeSmall({ smallFiles }) {
  return `${smallFiles.toLocaleString('en')} files with log-normal sizes up to 64 KiB. For \`inc\` 1 % are edited, some deleted, new, renamed.`;
}

function section(title, about, corpus, pairs, peers) {
  const ours = pairs.filter((pair) => pair.ours.corpus === corpus);
  if (ours.length === 0) return '';
  const parts = [`### ${title}`, about, referenceTable(ours)];
  const others = peers.filter((pair) => pair.ours.corpus === corpus);
  if (others.length > 0) {
    parts.push(
      'Beside programs with a format of their own, this one in mode `sym`. They cut files into chunks, which they store once\nand find again one by one; their `verify` reads the archive and does not look at the source.',
      peerTable(others),
    );
  }
  return parts.join('\n\n');
}
