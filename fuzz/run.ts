// npm run fuzz: every reader, or `--target NAME` (several: with commas), for `--seconds N` each.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { parseArgs } from 'node:util';
import { FINDS, store } from './files.ts';
import { minimised } from './minimise.ts';
import { TARGETS } from './targets/table.ts';
import { watched } from './watch.ts';

const { values } = parseArgs({
  options: {
    target: { type: 'string' },
    seconds: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    /** Instead of seconds: what the same seed then tries is the same. */
    runs: { type: 'string', default: '0' },
    list: { type: 'boolean', default: false },
  },
});
const names = values.target?.split(',') ?? TARGETS.map(({ name }) => name);

const dir = mkdtempSync(`${tmpdir()}/duplicity-fuzz-`);
let finds = 0;
try {
  if (values.list) console.log(TARGETS.map(({ name }) => name).join('\n'));
  else for (const name of names) await fuzz(name);
} finally {
  rmSync(dir, { recursive: true });
}
process.exitCode = finds === 0 ? 0 : 1;

async function fuzz(name: string): Promise<void> {
  const end = Date.now() + Number(values.seconds) * 1000;
  let cpu = 0;
  // A process that had to be ended is followed by another one, with other random numbers.
  for (let round = 0; round === 0 || (Date.now() < end && values.runs === '0'); round++) {
    const seed = String(Number(values.seed) + round * 1000);
    const seconds = String(Math.max(1, Math.ceil((end - Date.now()) / 1000)));
    const words = [name, '--seed', seed, '--seconds', seconds, '--runs', values.runs];
    const run = await watched(words, `${dir}/at`);
    cpu += run.cpu;
    for (const { kind, text } of run.told) {
      if (kind === 'find') finds++;
      console.log(`${name}: ${kind === 'find' ? 'FOUND ' : ''}${text}`);
    }
    if (run.how === 'well') break;
    finds++;
    console.log(`${name}: FOUND ${run.how} with ${run.input.length} bytes`);
    const bytes = await minimised(run.input, (input) => isAsBad(name, input, run.how), 12);
    console.log(`  ${store(FINDS, name, { kind: run.how, bytes })} (${bytes.length} bytes)`);
  }
  console.log(`${name}: ${cpu.toFixed(1)} CPU-seconds`);
}

async function isAsBad(name: string, input: Buffer, how: string): Promise<boolean> {
  writeFileSync(`${dir}/try`, input);
  const end = await watched([name, '--try', `${dir}/try`], `${dir}/at2`, {
    cpu: 4,
    idle: 10,
    memory: 700 * 1024 * 1024,
  });
  return end.how === how;
}
