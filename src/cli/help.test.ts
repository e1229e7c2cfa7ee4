import { expect, test } from 'vitest';

import { ACTIONS } from './words/actions.ts';
import { firstSentence, helpText } from './help.ts';
import { OPTIONS, TOPICS } from './options/table.ts';
import { versionText } from './version.ts';

const every = TOPICS.flatMap(({ options }) => Object.entries(options));

test('the help starts with the usage, ends with a newline and names every action', () => {
  const text = helpText();
  expect(text.startsWith('Usage: duplicity ')).toBe(true);
  expect(text.endsWith('\n')).toBe(true);
  for (const { action } of ACTIONS) expect(text).toContain(`  ${action}`);
});

test('the help names every option that is neither hidden nor old, and no other', () => {
  const named = new Set(helpText().match(/(?<=[ ,])--[a-z][-a-z\d]*/g));
  const current = every.filter(([, option]) => !option.hidden && option.deprecated === undefined);
  expect(every.filter(([, { flag }]) => named.has(flag))).toEqual(current);
});

test.each(ACTIONS)(
  'the help of $action names the options that concern it, and no other',
  ({ action, group, takes }) => {
    const text = helpText(action);
    expect(text.startsWith(`Usage: duplicity ${action} [OPTIONS] ${takes}\n`)).toBe(true);
    const named = new Set(
      text.match(/^ {2}(?:-\w, )?--[a-z][-a-z\d]*/gm)?.map((line) => line.replace(/^.*(?=--)/, '')),
    );
    const concerning = every.filter(
      ([, { actions, hidden, deprecated }]) =>
        !hidden && deprecated === undefined && (actions === 'all' || actions.some((other) => other === group)),
    );
    expect(every.filter(([, { flag }]) => named.has(flag))).toEqual(concerning);
    expect(text.split('\n').filter((line) => line.length > 80)).toEqual([]);
  },
);

test('the help of an action leaves out what only others understand', () => {
  expect(helpText('restore')).toContain('--path-to-restore');
  expect(helpText('full')).not.toContain('--path-to-restore');
  expect(helpText('collection-status')).not.toContain('--volsize');
});

test('no line of the help is wider than a terminal', () => {
  const lines = helpText().split('\n');
  expect(lines.filter((line) => line.length > 80)).toEqual([]);
});

test('the first sentence about every option fits its line', () => {
  expect(every.filter(([, { help }]) => firstSentence(help).length > 80)).toEqual([]);
});

test('settings are named like their main flags', () => {
  for (const [name, { flag }] of Object.entries(OPTIONS)) {
    expect(name).toBe(flag.slice(2).replace(/-(\w)/g, (_all, letter: string) => letter.toUpperCase()));
  }
});

test('the version is two words and nothing else', () => {
  expect(versionText('4.0.0')).toBe('duplicity 4.0.0\n');
});
