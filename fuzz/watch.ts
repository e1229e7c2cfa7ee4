import { fork } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { HEAD, type Told } from './told.ts';

/** How a process that was watched has ended. */
export interface End {
  readonly how: 'well' | 'wrong' | 'hang' | 'memory';
  /** Of the whole process, in seconds. */
  readonly cpu: number;
  /** What it was trying, unless it ended well. */
  readonly input: Buffer;
  readonly told: readonly Told[];
}

interface Limits {
  /** CPU of one input, in seconds. */
  readonly cpu: number;
  /** How long it may wait for something without a turn of its own, in seconds. */
  readonly idle: number;
  /** Resident bytes. */
  readonly memory: number;
}

const LIMITS: Limits = { cpu: 10, idle: 20, memory: 900 * 1024 * 1024 };
const LOOK_MS = 100;
/** Of Linux: USER_HZ. */
const TICKS = 100;

/** Runs child.ts and ends it when one input takes too long or too much memory. */
export async function watched(words: readonly string[], place: string, limits: Limits = LIMITS): Promise<End> {
  writeFileSync(place, '');
  const child = fork(`${import.meta.dirname}/child.ts`, [...words, '--at', place], {
    execArgv: ['--import', 'tsx', '--max-old-space-size=400'],
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  });
  let said = '';
  child.stderr?.on('data', (text: Buffer) => (said = `${said}${text.toString()}`.slice(-4000)));
  const told: Told[] = [];
  child.on('message', (message) => told.push(message as Told));
  const closed = new Promise<{ readonly status: number | null }>((resolve) => {
    child.on('close', (status) => resolve({ status }));
  });
  let last = { tries: 0, cpu: 0, begin: 0, idle: 0 };
  for (;;) {
    const end = await Promise.race([closed, sleep(LOOK_MS)]);
    if (end !== undefined) return endOf(end.status, last.cpu);
    const used = usageOf(child.pid);
    if (used === undefined) continue;
    const { tries } = noted(place);
    const isNext = tries !== last.tries;
    // A machine with other things to do is no sign: who is waiting for the processor does not sleep.
    const isIdle = !isNext && tries > 0 && used.sleeps && used.cpu === last.cpu;
    last = { tries, cpu: used.cpu, begin: isNext ? used.cpu : last.begin, idle: isIdle ? last.idle + LOOK_MS : 0 };
    const isStuck = last.cpu - last.begin > limits.cpu || last.idle > limits.idle * 1000;
    if (!isStuck && used.memory < limits.memory) continue;
    child.kill('SIGKILL');
    await closed;
    return { how: isStuck ? 'hang' : 'memory', cpu: last.cpu, input: noted(place).input, told };
  }

  function endOf(status: number | null, cpu: number): End {
    if (status === 0) return { how: 'well', cpu, input: Buffer.alloc(0), told };
    const isFull = /out of memory|heap limit/i.test(said);
    if (!isFull && said !== '') console.error(said);
    if (noted(place).tries === 0) throw new Error('it has died before its first input');
    return { how: isFull ? 'memory' : 'wrong', cpu, input: noted(place).input, told };
  }
}

interface Usage {
  readonly sleeps: boolean;
  readonly cpu: number;
  readonly memory: number;
}

function usageOf(pid: number | undefined): Usage | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const [state, ...fields] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const memory = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024;
    return { sleeps: state === 'S', cpu: (Number(fields[10]) + Number(fields[11])) / TICKS, memory };
  } catch {
    return undefined;
  }
}

function noted(place: string): { readonly tries: number; readonly input: Buffer } {
  const bytes = readFileSync(place);
  if (bytes.length < HEAD) return { tries: 0, input: Buffer.alloc(0) };
  return { tries: bytes.readDoubleLE(0), input: bytes.subarray(HEAD, HEAD + bytes.readDoubleLE(8)) };
}
