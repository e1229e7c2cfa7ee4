import { withFaults } from '../../src/backends/wrap/faults.ts';
import { parseFaults } from '../../src/backends/wrap/fault-rules.ts';
import { withRetry } from '../../src/backends/wrap/retry.ts';
import { faultyBackend } from '../../src/testing/faulty-backend.ts';
import { memoryBackend } from '../../src/testing/memory-backend.ts';
import { conformance } from './conformance.ts';

// The wrappers in the order of a run, and a store whose answers get lost now and then: all promises must still hold.
conformance(
  'retry around faults around memory',
  async () => {
    const calls = Array.from({ length: 10_000 }, (_, i) => i * 3 + 1);
    const kinds = ['put', 'get', 'list', 'delete'] as const;
    const failures = kinds.flatMap((kind) => [{ kind, calls, when: kind === 'get' ? 'before' : 'after' } as const]);
    const rules = parseFaults('[{"op": "put", "match": "no such name", "do": "error"}]');
    const faulty = withFaults(faultyBackend(memoryBackend(), failures), rules, { emit: () => undefined });
    return withRetry(faulty, { tries: 3, delayMs: 0, emit: () => undefined, sleep: async () => undefined });
  },
  { names: 500 },
);
