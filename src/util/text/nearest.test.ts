import { expect, test } from 'vitest';
import { nearest } from './nearest.ts';

const ACTIONS = ['full', 'incremental', 'restore', 'verify', 'cleanup', 'collection-status', 'remove-older-than'];

test.each([
  ['resotre', 'restore'],
  ['restor', 'restore'],
  ['Verify', 'verify'],
  ['verifiy', 'verify'],
  ['ful', 'full'],
  ['clean-up', 'cleanup'],
  ['collection-state', 'collection-status'],
  ['remove-older-then', 'remove-older-than'],
  ['foo', undefined],
  ['home', undefined],
  ['', undefined],
])('%j is meant to be %j', (word, meant) => {
  expect(nearest(word, ACTIONS)).toBe(meant);
});
