import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';

import { BackendError } from '../../errors/errors.ts';
import type { Emit } from '../../events/events.ts';
import type { Backend, Body, Bytes } from '../backend.ts';
import { around, type Step } from './around.ts';
import type { FaultRule } from './fault-rules.ts';

/** What a fault does to the process; replaced in tests. */
export interface FaultWorld {
  /** Ends the process at once, without clean-up. */
  exit(code: number): void;
  kill(): void;
  sleep(ms: number, signal: AbortSignal): Promise<unknown>;
  random(): number;
}

const REAL_WORLD: FaultWorld = {
  exit(code) {
    process.removeAllListeners('exit');
    process.exit(code);
  },
  kill: () => void process.kill(process.pid, 'SIGKILL'),
  sleep: (ms, signal) => delay(ms, undefined, { signal }),
  random: Math.random,
};

/** How often `wait` looks whether its file has come. */
const POLL_MS = 20;

/**
 * Makes the calls of `inner` go wrong as `rules` say; without rules it is `inner` itself. Innermost of the wrappers, so
 * that retries and everything else see the faults as the driver's. For tests only; it says so in a warning.
 */
export function withFaults(
  inner: Backend,
  rules: readonly FaultRule[],
  { emit, world = REAL_WORLD }: { readonly emit: Emit; readonly world?: FaultWorld },
): Backend {
  if (rules.length === 0) return inner;
  emit({
    kind: 'warning',
    text: `DUPLICITY_TEST_FAULTS is set: ${rules.length} fault rule(s) will make storage operations fail.`,
  });

  const left = new Map(rules.map((rule) => [rule, rule.count]));
  function fires(rule: FaultRule, step: Step): boolean {
    const count = left.get(rule) ?? 0;
    if (count <= 0 || !step.name.includes(rule.match) || !concerns(rule, step)) return false;
    left.set(rule, count - 1);
    return true;
  }
  function tampers(deed: 'skip' | 'truncate', step: Step): FaultRule | undefined {
    return rules.find((rule) => rule.do === deed && fires(rule, step));
  }

  const stored: string[] = [];
  async function strike(rule: FaultRule, step: Step, signal: AbortSignal): Promise<void> {
    switch (rule.do) {
      case 'error':
        throw fault(rule, step);
      case 'exit':
        return world.exit(rule.exitCode);
      case 'kill':
        return world.kill();
      case 'delay':
        await world.sleep(Math.max(0, rule.ms + rule.jitter * (2 * world.random() - 1)), signal);
        return;
      case 'wait':
        for (let waited = 0; waited < rule.timeout * 1000; waited += POLL_MS) {
          if (stored.some((name) => name.includes(rule.until))) return;
          await world.sleep(POLL_MS, signal);
        }
        return;
      case 'skip':
      case 'truncate':
        return;
    }
  }

  const faulty = around(tampered(inner, tampers), async (step, { signal }, run) => {
    async function strikeAll(when: FaultRule['when']): Promise<void> {
      for (const rule of rules) {
        if (rule.when !== when || rule.do === 'skip' || rule.do === 'truncate') continue;
        if (fires(rule, step)) await strike(rule, step, signal);
      }
    }
    await strikeAll('before');
    const result = await run();
    if (step.kind === 'put' || step.kind === 'copy') stored.push(step.name);
    await strikeAll('after');
    return result;
  });
  // Reading in place would pass by the faults of a get.
  if (faulty.localFile && rules.some(({ op }) => op === 'get' || op === '*')) faulty.localFile = () => undefined;
  return faulty;
}

/** `inner` that leaves out or shortens what the rules `skip` and `truncate` name. */
function tampered(inner: Backend, tampers: (deed: 'skip' | 'truncate', step: Step) => FaultRule | undefined): Backend {
  const base = around(inner, (_step, _call, run) => run());
  const rename = base.rename?.bind(base);
  const outer: Backend = {
    ...base,
    async put(name, body, call) {
      if (tampers('skip', { kind: 'put', name })) return;
      const rule = tampers('truncate', { kind: 'put', name });
      await base.put(name, rule === undefined ? body : shortened(body, rule.bytes), call);
    },
    async delete(name, call) {
      if (!tampers('skip', { kind: 'delete', name })) await base.delete(name, call);
    },
  };
  const copy = base.copy?.bind(base);
  if (copy) {
    outer.copy = async (from, to, call) => {
      if (tampers('skip', { kind: 'copy', name: to })) return;
      const rule = tampers('truncate', { kind: 'copy', name: to });
      if (rule === undefined) return copy(from, to, call);
      const whole = await base.get(from, collected, call);
      await base.put(to, shortened(whole, rule.bytes), call);
    };
  }
  if (rename) {
    outer.rename = async (from, to, call) => {
      if (!tampers('skip', { kind: 'move', name: to })) await rename(from, to, call);
    };
  }
  return outer;
}

/** We store metadata with `put` too; the reference's word for that is `move`. */
const METADATA = /\.(manifest|sigtar|m|st)(\.(gpg|gz|g|z))?$/;

function concerns({ op }: FaultRule, { kind, name }: Step): boolean {
  return op === '*' || op === kind || (op === 'move' && kind === 'put' && METADATA.test(name));
}

function fault({ error }: FaultRule, { kind, name }: Step): BackendError {
  const what = name === '' ? kind : `${kind} of ${name}`;
  return new BackendError(error, `Injected fault: ${what}`, { retryable: error !== 'BACKEND_NOT_FOUND' });
}

async function collected(bytes: Bytes): Promise<Body> {
  const blocks: Buffer[] = [];
  for await (const block of bytes) blocks.push(block);
  async function* again(): Bytes {
    yield* blocks;
  }
  return { size: blocks.reduce((sum, { length }) => sum + length, 0), open: again };
}

function shortened(body: Body, bytes: number): Body {
  const size = Math.max(0, body.size - bytes);
  return { size, open: () => head(body.open(), size) };
}

async function* head(bytes: Bytes, size: number): AsyncGenerator<Buffer> {
  let left = size;
  for await (const block of bytes) {
    if (left <= 0) return;
    yield block.subarray(0, left);
    left -= block.length;
  }
}
