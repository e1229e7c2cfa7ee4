// One process that fuzzes one target, tries one input of it (`--try FILE`), or all stored ones of all (`--short`).
// Another process watches over it: watch.ts.
import { openSync, readFileSync, writeSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { seeded } from '../test/support/random.ts';
import { startCoverage } from './coverage.ts';
import { CORPUS, FINDS, store, stored, POOL } from './files.ts';
import { loop } from './loop.ts';
import { minimised } from './minimise.ts';
import { short } from './short.ts';
import { mostCpu, type Outcome, signatureOf, type Target, tryInput } from './target.ts';
import { TARGETS, targetNamed } from './targets/table.ts';
import { HEAD, type Told } from './told.ts';

/** A reader that is slow is asked again: this machine may have other things to do. */
const AGAIN = 2;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    at: { type: 'string', default: '/dev/null' },
    seed: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '60' },
    runs: { type: 'string', default: '0' },
    try: { type: 'string' },
    short: { type: 'boolean', default: false },
  },
});
const place = openSync(values.at, 'w');
let tries = 0;

const tell = (told: Told): void => void process.send?.(told);
process.on('unhandledRejection', (error) => {
  tell({ kind: 'find', text: `a promise nobody waits for fails: ${signatureOf(error)}` });
  process.exit(3);
});

if (values.short) {
  await short({
    targets: positionals.length === 0 ? TARGETS : positionals.map(targetNamed),
    seed: Number(values.seed),
    onTry: note,
    onRead: (target, what, wrong) => tell({ kind: 'read', text: `${target}: ${what}`, wrong }),
  });
} else {
  const target = targetNamed(positionals[0] ?? '');
  if (values.try === undefined) await fuzz(target);
  else process.exitCode = (await isGood(target, readFileSync(values.try))) ? 0 : 3;
}
process.disconnect?.();
// What a reader has left open must not keep the process.
process.exit();

async function isGood(target: Target, input: Buffer): Promise<boolean> {
  note(input);
  const outcome = await tryInput(target, input);
  if (outcome.wrong !== undefined) console.error(outcome.wrong);
  return outcome.wrong === undefined && outcome.took <= mostCpu(input);
}

async function fuzz(of: Target): Promise<void> {
  const found = new Set<string>();
  const coverage = startCoverage((url) => /^file:.*\/(src|node_modules\/(basic-ftp|saxes|ssh-config))\//.test(url));
  const end = Date.now() + Number(values.seconds) * 1000;
  const most = Number(values.runs) || Infinity;
  const pool = [
    ...of.seeds().map((seed) => Buffer.from(seed)),
    ...[CORPUS, FINDS, POOL].flatMap((folder) => stored(folder, of.name).map(({ bytes }) => bytes)),
  ];
  const runs = await loop(of, {
    random: seeded(Number(values.seed)),
    pool,
    coverage,
    isOver: (count) => count >= most || Date.now() > end,
    onTry: note,
    onNew: (bytes) => void store(POOL, of.name, { kind: 'new', bytes }),
    async onFind(kind, input, outcome) {
      const signature = kind === 'slow' ? 'slow' : signatureOf(outcome.wrong);
      if (found.has(signature) || (kind === 'slow' && !(await isSlow(of, input)))) return;
      found.add(signature);
      const bytes = await minimised(input, isLike(of, kind, signature), kind === 'slow' ? 60 : 1500);
      const path = store(FINDS, of.name, { kind, bytes });
      tell({ kind: 'find', text: `${signature}\n  ${path} (${bytes.length} bytes)` });
    },
  });
  tell({ kind: 'end', text: `${runs} inputs, ${coverage.size} bytes of code, ${pool.length} inputs to begin with` });
}

function isLike(of: Target, kind: 'wrong' | 'slow', signature: string): (input: Buffer) => Promise<boolean> {
  return async (input) => {
    note(input);
    if (kind === 'slow') return await isSlow(of, input);
    const { wrong }: Outcome = await tryInput(of, input);
    return wrong !== undefined && signatureOf(wrong) === signature;
  };
}

async function isSlow(of: Target, input: Buffer): Promise<boolean> {
  for (let left = AGAIN; left > 0; left--) if ((await tryInput(of, input)).took <= mostCpu(input)) return false;
  return true;
}

/** For who watches: how many were tried, and which is being tried. */
function note(input: Buffer): void {
  const head = Buffer.alloc(HEAD);
  head.writeDoubleLE(++tries, 0);
  head.writeDoubleLE(input.length, 8);
  writeSync(place, Buffer.concat([head, input]), 0, HEAD + input.length, values.at === '/dev/null' ? null : 0);
}
