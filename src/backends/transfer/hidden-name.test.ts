import { expect, test } from 'vitest';

import { BackendError } from '../../errors/errors.ts';
import { checkStored, hiddenNames, isPart, type HiddenNames, type Verdict, type Way } from './hidden-name.ts';

type Step = keyof Way;

/** A store whose steps fail as told; `done` is what it was asked for. */
function storeWith(fails: (step: Step, name: string) => Verdict | 'wire' | 'swallowed') {
  const done: string[] = [];
  const said: string[] = [];
  class Failure extends Error {
    readonly verdict: Verdict;
    constructor(verdict: Verdict) {
      super('no');
      this.verdict = verdict;
    }
  }
  const emit = (event: object): unknown => said.push(String(Reflect.get(event, 'text')));
  const verdict = (error: unknown): Verdict => (error instanceof Failure ? error.verdict : undefined);
  const hidden = hiddenNames({ place: 'there', emit, verdict });
  async function step(kind: Step, name: string): Promise<void> {
    done.push(`${kind} ${name}`);
    const how = fails(kind, name);
    if (how === 'swallowed') checkStored('store x', undefined, 1);
    else if (how === 'wire') throw new Error('the wire');
    else if (how !== undefined) throw new Failure(how);
  }
  const way: Way = {
    store: (as) => step('store', as),
    rename: (from) => step('rename', from),
    remove: (name) => step('remove', name),
  };
  return { hidden, way, done, said };
}

const never = (): undefined => undefined;

test('a file is stored under a hidden name and renamed', async () => {
  const { hidden, way, done, said } = storeWith(never);
  await hidden.put('x', way);
  expect([done, said, hidden.isAtomic]).toEqual([['store .x.part', 'rename .x.part'], [], true]);
});

test.each<[string, (step: Step, name: string) => Verdict | 'swallowed', readonly string[]]>([
  [
    'the name is refused',
    (step, name) => (step === 'store' && isPart(name) ? 'certain' : undefined),
    ['store .x.part', 'store x'],
  ],
  ['the name is swallowed', (_, name) => (isPart(name) ? 'swallowed' : undefined), ['store .x.part', 'store x']],
  [
    'the rename is refused, and the deletion',
    (step) => (step === 'store' ? undefined : 'certain'),
    ['store .x.part', 'rename .x.part', 'remove .x.part', 'store x'],
  ],
])(
  'where %s, files get their final names for the rest of the run, which is said once',
  async (_title, fails, steps) => {
    const { hidden, way, done, said } = storeWith(fails);
    await hidden.put('x', way);
    await hidden.put('y', way);
    expect(done).toEqual([...steps, 'store y']);
    expect(said).toEqual([expect.stringMatching(/^Files get their final names at once in there, which .* \(.*\)\.$/)]);
    expect(hidden.isAtomic).toBe(false);
  },
);

test('where the final name is refused too, that counts, and the next file is tried as the first', async () => {
  const { hidden, way, done, said } = storeWith((step) => (step === 'store' ? 'certain' : undefined));
  await expect(hidden.put('x', way)).rejects.toThrow('no');
  await expect(hidden.put('x', way)).rejects.toThrow('no');
  expect([done, said]).toEqual([['store .x.part', 'store x', 'store .x.part', 'store x'], []]);
});

test('what may pass counts the second time, and never once a hidden file has got its name', async () => {
  const doubtful = (_: Step, name: string): Verdict => (isPart(name) ? 'likely' : undefined);
  const { hidden, way, done } = storeWith(doubtful);
  await expect(hidden.put('x', way)).rejects.toThrow('no');
  await hidden.put('x', way);
  expect(done).toEqual(['store .x.part', 'store .x.part', 'store x']);

  const later = storeWith((_, name) => (name.startsWith('.y') ? 'likely' : undefined));
  await later.hidden.put('x', later.way);
  for (let i = 0; i < 3; i++) await expect(later.hidden.put('y', later.way)).rejects.toThrow('no');
});

test('a broken wire is no refusal', async () => {
  const { hidden, way, done } = storeWith(() => 'wire');
  for (let i = 0; i < 3; i++) await expect(hidden.put('x', way)).rejects.toThrow('the wire');
  expect(done).toEqual(['store .x.part', 'store .x.part', 'store .x.part']);
});

test.each([
  ['the same size', 5, false],
  ['nothing in it', 0, false],
  ['another size', 3, true],
  ['no size told', undefined, true],
])('a part beside its file with %s tells what an earlier run met', (_title, size, isAtomic) => {
  const { hidden } = storeWith(never);
  const part = size === undefined ? { name: '.x.part' } : { name: '.x.part', size };
  noticed(hidden, [part, { name: '.y.part', size: 7 }, { name: 'x', size: 5 }]);
  expect(hidden.isAtomic).toBe(isAtomic);
});

function noticed(hidden: HiddenNames, files: Parameters<HiddenNames['notice']>[0]): void {
  hidden.notice([]);
  hidden.notice(files);
}

test('what arrives short is told with both sizes, and is worth another try', () => {
  expect(() => checkStored('store x', 2, 3)).toThrow('Cannot store x: 2 of 3 bytes arrived');
  expect(() => checkStored('store x', 'unknown', 3)).not.toThrow();
  let failure: unknown;
  try {
    checkStored('store x', undefined, 3);
  } catch (error) {
    failure = error;
  }
  expect(failure).toBeInstanceOf(BackendError);
  expect(failure).toMatchObject({ retryable: true, exitCode: 50 });
});
