import { expect, test } from 'vitest';
import type { Event } from '../events/events.ts';
import { bytePath, ROOT } from '../util/bytepath.ts';
import { Attributes } from './attributes.ts';

test('warnings name the root, which has no name of its own', () => {
  const events: Event[] = [];
  const attributes = new Attributes(undefined, (event) => events.push(event));
  for (const path of [ROOT, bytePath('a')]) attributes.warn(path, 'no');
  expect(events).toEqual([
    expect.objectContaining({ text: "Error 'no' processing ." }),
    expect.objectContaining({ text: "Error 'no' processing a" }),
  ]);
});
