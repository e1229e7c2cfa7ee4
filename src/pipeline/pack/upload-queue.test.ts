import { expect, test } from 'vitest';
import { unaskedAhead, UploadQueue } from './upload-queue.ts';

/** Uploads that end when the test says so. */
function uploads() {
  const log: string[] = [];
  const gates = new Map<string, { readonly end: () => void; readonly fail: (error: Error) => void }>();
  const upload = (name: string) => (): Promise<void> => {
    log.push(`begin ${name}`);
    return new Promise<void>((resolve, reject) => {
      gates.set(name, {
        end: () => {
          log.push(`end ${name}`);
          resolve();
        },
        fail: reject,
      });
    });
  };
  const gate = (name: string) => {
    const found = gates.get(name);
    if (found === undefined) throw new Error(`${name} has not begun`);
    return found;
  };
  return { log, upload, end: (name: string) => gate(name).end(), fail: (name: string, e: Error) => gate(name).fail(e) };
}

async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending');
  const turn = new Promise((resolve) => setImmediate(resolve, pending));
  return (await Promise.race([promise, turn])) === pending;
}

test('with nothing ahead an upload is waited for', async () => {
  const queue = new UploadQueue({ ahead: 0 });
  const { log, upload, end } = uploads();
  const added = queue.add(upload('a'));
  expect(await isPending(added)).toBe(true);
  end('a');
  await added;
  expect(log).toEqual(['begin a', 'end a']);
});

test('the producer goes on while as many as allowed are under way, and waits with one more', async () => {
  const queue = new UploadQueue({ ahead: 2 });
  const { log, upload, end } = uploads();
  await queue.add(upload('a'));
  await queue.add(upload('b'));
  const third = queue.add(upload('c'));
  expect(await isPending(third)).toBe(true);
  end('b');
  await third;
  expect(log).toEqual(['begin a', 'begin b', 'end b', 'begin c']);
  const drained = queue.drain();
  expect(await isPending(drained)).toBe(true);
  end('a');
  end('c');
  await drained;
});

test('a failure surfaces at once when the producer waits for it', async () => {
  const queue = new UploadQueue({ ahead: 0 });
  await expect(queue.add(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
});

test('a failure beside the producer surfaces at the next call, the first one of several', async () => {
  const queue = new UploadQueue({ ahead: 3 });
  const { upload, fail, log } = uploads();
  await queue.add(upload('a'));
  await queue.add(upload('b'));
  fail('b', new Error('first'));
  fail('a', new Error('second'));
  await new Promise((resolve) => setImmediate(resolve));
  await expect(queue.add(upload('c'))).rejects.toThrow('first');
  expect(log).toEqual(['begin a', 'begin b']);
  await expect(queue.drain()).rejects.toThrow('first');
});

test('settling waits for all and throws nothing', async () => {
  const queue = new UploadQueue({ ahead: 3 });
  const { upload, end, fail } = uploads();
  await queue.add(upload('a'));
  await queue.add(upload('b'));
  const settled = queue.settle();
  fail('a', new Error('no'));
  expect(await isPending(settled)).toBe(true);
  end('b');
  await settled;
});

test('draining waits for uploads that others failed beside', async () => {
  const queue = new UploadQueue({ ahead: 3 });
  const { upload, end, fail } = uploads();
  await queue.add(upload('a'));
  await queue.add(upload('b'));
  fail('a', new Error('no'));
  const drained = queue.drain();
  expect(await isPending(drained.catch(() => undefined))).toBe(true);
  end('b');
  await expect(drained).rejects.toThrow('no');
});

test('a back end gets no more at once than it can take', async () => {
  const queue = new UploadQueue({ ahead: 3, parallel: 1 });
  const { log, upload, end } = uploads();
  await queue.add(upload('a'));
  const second = queue.add(upload('b'));
  expect(await isPending(second)).toBe(true);
  end('a');
  await second;
  expect(log).toEqual(['begin a', 'end a', 'begin b']);
  end('b');
  await queue.drain();
});

test('without room for another volume the producer waits until uploads have made some', async () => {
  let room = false;
  const queue = new UploadQueue({ ahead: 3, hasRoom: () => room });
  const { upload, end } = uploads();
  const first = queue.add(upload('a'));
  expect(await isPending(first)).toBe(true);
  end('a');
  await first;
  room = true;
  await queue.add(upload('b'));
  room = false;
  const third = queue.add(upload('c'));
  end('b');
  expect(await isPending(third)).toBe(true);
  end('c');
  await third;
  expect(queue.isBusy).toBe(false);
});

test('unasked, small volumes are uploaded four at a time, large ones as long as they take no more than 512 MiB', () => {
  const sizes = [1, 25, 200, 300, 5000].map((mebibytes) => mebibytes * 1024 * 1024);
  expect(sizes.map(unaskedAhead)).toEqual([4, 4, 2, 1, 1]);
});
