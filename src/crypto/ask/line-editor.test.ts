import { expect, test } from 'vitest';
import { lineEditor } from './line-editor.ts';

function type(text: string): unknown[] {
  const editor = lineEditor();
  return [...Buffer.from(text)].map((byte) => editor.type(byte)).filter(({ kind }) => kind !== 'more');
}

test.each([
  ['golden\r', 'golden'],
  ['golden\n', 'golden'],
  ['\r', ''],
  ['golx\x7fden\r', 'golden'],
  ['gol\x08lden\r', 'golden'],
  ['\x7f\x7fa\r', 'a'],
  ['gruß\x7fn\r', 'grun'],
  ['日本\x7f\x7fx\r', 'x'],
  ['wrong\x15golden\r', 'golden'],
  ['golden\x04', 'golden'],
  [' a b \r', ' a b '],
])('%j is the line %j', (keys, text) => expect(type(keys)).toEqual([{ kind: 'line', text }]));

test('Ctrl-C interrupts anywhere, Ctrl-D ends an empty line', () => {
  expect(type('gol\x03')).toEqual([{ kind: 'interrupt' }]);
  expect(type('\x04')).toEqual([{ kind: 'end' }]);
});

test('the next line begins afresh', () => {
  expect(type('a\rb\r')).toEqual([
    { kind: 'line', text: 'a' },
    { kind: 'line', text: 'b' },
  ]);
});
