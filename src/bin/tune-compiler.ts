import { setFlagsFromString } from 'node:v8';

/** The user’s processor time after which a run is a long one: that of 7,000 new files, or of 20,000 that have not changed. */
const LONG_RUN_MS = 350;
const LOOK_MS = 20;

/**
 * V8 would let its young generation grow to 48 MB with the number of files, for nothing, and would compile loops over
 * ten thousand files with its best compiler at once, which takes as long as they do. With a larger budget a full backup of
 * 2,000 files takes 0.83 of the time, and a list or an increment without changes of ten thousand 0.8. In a long run its own
 * budget is the better one: a full backup of 40,000 files takes 0.9 of the time with it, whether from the beginning or from
 * then on.
 */
export function tuneForLoops(modules: readonly string[]): void {
  // Once a flag is set V8 does without its code cache, and each module takes three times as long to load. (As an option of
  // node the flag costs 17 ms at start.)
  for (const name of modules) process.getBuiltinModule(name);
  keepYoungGenerationSmall();
  // V8 sets it back to 2, for all threads, when one starts.
  process.on('worker', (worker) => worker.once('online', keepYoungGenerationSmall));
  // Later ones have no such flag, and say so on stderr.
  if (!process.versions.v8.startsWith('11.')) return;
  setFlagsFromString('--interrupt-budget=600000');
  const timer = setInterval(() => {
    if (process.cpuUsage().user < LONG_RUN_MS * 1000) return;
    clearInterval(timer);
    setFlagsFromString('--interrupt-budget=132000');
  }, LOOK_MS);
  timer.unref();
}

function keepYoungGenerationSmall(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}
