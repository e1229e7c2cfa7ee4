import { describe, expect, test } from 'vitest';
import type { Event } from '../events/events.ts';
import { bytePath } from '../util/bytepath.ts';
import type { Subject } from './condition.ts';
import type { Rule, Sense } from './rules.ts';
import { buildSelection, type Selection } from './selection.ts';

const FILE: Subject = { type: 'reg', mtime: 1000, device: 1, holds: () => false };
const DIRECTORY: Subject = { ...FILE, type: 'dir', holds: (name) => name === '.mark' };
const EVERYTHING_ELSE = glob('exclude', '**');

function glob(sense: Sense, pattern: string): Rule {
  return { kind: 'glob', sense, pattern };
}

function selection(rules: readonly Rule[], root = '/s', events: Event[] = []): Selection {
  return buildSelection(rules, {
    root: bytePath(root),
    rootIsDirectory: true,
    rootDevice: 1,
    isThere: () => false,
    nullSeparator: false,
    emit: (event) => events.push(event),
  });
}

function decide(rules: readonly Rule[], path: string, subject: Subject = FILE): string {
  return selection(rules).decide(bytePath(path), subject);
}

function codeOf(rules: readonly Rule[], root?: string): unknown {
  try {
    selection(rules, root);
    return 'accepted';
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error;
  }
}

describe('a decision', () => {
  test('without rules is to include', () => {
    expect(decide([], '/s/a')).toBe('include');
  });

  test('is that of the first rule that says include or exclude', () => {
    const rules = [glob('exclude', '/s/a/b'), glob('include', '/s/a'), EVERYTHING_ELSE];
    expect(decide(rules, '/s/a/b')).toBe('exclude');
    expect(decide(rules, '/s/a/c')).toBe('include');
    expect(decide(rules, '/s/d')).toBe('exclude');
  });

  test('is to scan a directory that leads to an include, even when a later rule excludes it', () => {
    const rules = [glob('include', '/s/a/b'), glob('exclude', '/s/a')];
    expect(decide(rules, '/s/a', DIRECTORY)).toBe('scan');
    expect(decide(rules, '/s/a/c')).toBe('exclude');
  });

  test('takes a list of any length', () => {
    const content = Buffer.from('- /s/a\n'.repeat(150_000));
    const rules: Rule[] = [
      { kind: 'filter', mode: 'literal' },
      { kind: 'filelist', sense: 'exclude', name: 'list', content },
    ];
    expect(decide(rules, '/s/a')).toBe('exclude');
  });

  test('is to exclude what would be scanned but is no directory', () => {
    expect(decide([glob('include', '/s/a/b'), glob('exclude', '/s/q')], '/s/a', FILE)).toBe('exclude');
  });

  test('is made on characters, not bytes', () => {
    const rules = [glob('exclude', '/s/?')];
    expect(decide(rules, '/s/\u00c3\u00a9')).toBe('exclude');
    expect(decide(rules, '/s/\u00ff')).toBe('exclude');
    expect(decide(rules, '/s/\u00ff\u00ff')).toBe('include');
  });

  test('looks at markers, devices, file systems and times', () => {
    const older: Rule = { kind: 'older-than', time: 1001 };
    expect(decide([{ kind: 'if-present', name: '.mark' }], '/s/d', DIRECTORY)).toBe('exclude');
    expect(decide([{ kind: 'if-present', name: '.mark' }], '/s/d', FILE)).toBe('include');
    expect(decide([{ kind: 'device-files' }], '/s/d', { ...FILE, type: 'blk' })).toBe('exclude');
    expect(decide([{ kind: 'device-files' }], '/s/d', { ...FILE, type: 'fifo' })).toBe('include');
    expect(decide([{ kind: 'other-filesystems' }], '/s/d', { ...FILE, device: 2 })).toBe('exclude');
    expect(decide([{ kind: 'other-filesystems' }], '/s/d', FILE)).toBe('include');
    expect(decide([older], '/s/d', FILE)).toBe('exclude');
    expect(decide([older], '/s/d', { ...FILE, mtime: 1001 })).toBe('include');
    expect(decide([older], '/s/d', { ...DIRECTORY, holds: () => false })).toBe('include');
  });

  test('takes markers and devices before rules that stand in front of them', () => {
    const rules = [glob('include', '/s/d'), EVERYTHING_ELSE, { kind: 'if-present', name: '.mark' } as const];
    expect(decide(rules, '/s/d', DIRECTORY)).toBe('exclude');
  });

  test('can be explained by the option that settled it', () => {
    const subject = selection([glob('include', '/s/a/b'), { kind: 'regexp', sense: 'exclude', pattern: 'x' }]);
    const by = (path: string, of: Subject) => subject.explain(bytePath(path), of);
    expect(by('/s/x', FILE)).toEqual({ decision: 'exclude', by: '--exclude-regexp x' });
    expect(by('/s/a', DIRECTORY)).toEqual({ decision: 'scan', by: '--include /s/a/b' });
    expect(by('/s/a', FILE)).toEqual({ decision: 'exclude', by: '--include /s/a/b' });
    expect(by('/s/c', FILE)).toEqual({ decision: 'include', by: undefined });
  });
});

describe('filter options', () => {
  test('change how later patterns and lists are read, until the next filter', () => {
    const list: Rule = { kind: 'filelist', sense: 'exclude', name: 'l', content: Buffer.from('/s/*\n') };
    const literal: Rule = { kind: 'filter', mode: 'literal' };
    const globbing: Rule = { kind: 'filter', mode: 'globbing' };
    expect(decide([literal, list], '/s/a')).toBe('include');
    expect(decide([literal, list], '/s/*/b')).toBe('exclude');
    expect(decide([literal, globbing, list], '/s/a')).toBe('exclude');
  });

  test('of case hold for expressions too', () => {
    const rules: Rule[] = [
      { kind: 'filter', mode: 'ignorecase' },
      { kind: 'regexp', sense: 'exclude', pattern: 'AB$' },
      { kind: 'filter', mode: 'strictcase' },
      { kind: 'regexp', sense: 'exclude', pattern: 'CD$' },
    ];
    expect(decide(rules, '/s/ab')).toBe('exclude');
    expect(decide(rules, '/s/cd')).toBe('include');
  });

  test('of literals lead to what lies below and stop at whole components', () => {
    const rules: Rule[] = [{ kind: 'filter', mode: 'literal' }, glob('include', '/s/a/b/'), glob('exclude', '/')];
    expect(decide(rules, '/s/a', DIRECTORY)).toBe('scan');
    expect(decide(rules, '/s/a/b')).toBe('include');
    expect(decide(rules, '/s/a/b/c')).toBe('include');
    expect(decide(rules, '/s/a/bc')).toBe('exclude');
  });
});

describe('rules that cannot be right', () => {
  test.each<[string, readonly Rule[]]>([
    ['REDUNDANT_INCLUSION', [glob('include', '/s/a')]],
    ['REDUNDANT_INCLUSION', [glob('include', '/s/a'), { kind: 'device-files' }]],
    ['FILE_PREFIX_ERROR', [glob('exclude', 'a')]],
    ['FILE_PREFIX_ERROR', [{ kind: 'literal', sense: 'exclude', pattern: '/t' }]],
    ['GLOBBING_ERROR', [glob('exclude', '/s//a')]],
    ['BAD_FILTER', [EVERYTHING_ELSE, { kind: 'filter', mode: 'literal' }]],
    ['REDUNDANT_FILTER', [{ kind: 'filter', mode: 'strictcase' }, EVERYTHING_ELSE]],
    ['COMMAND_LINE', [glob('exclude', '')]],
    ['COMMAND_LINE', [glob('exclude', 'ignorecase:')]],
    ['COMMAND_LINE', [{ kind: 'literal', sense: 'exclude', pattern: '' }]],
    ['COMMAND_LINE', [{ kind: 'regexp', sense: 'exclude', pattern: '(' }]],
    ['FILES_FROM_EMPTY', [{ kind: 'files-from', name: 'l', content: Buffer.from('') }]],
    ['accepted', [{ kind: 'regexp', sense: 'exclude', pattern: 'nowhere' }]],
  ])('%s %#', (code, rules) => {
    expect(codeOf(rules)).toBe(code);
  });

  test('are judged by the source as given', () => {
    expect(codeOf([glob('exclude', 'a')], '.')).toBe('FILE_PREFIX_ERROR');
    expect(codeOf([glob('exclude', './a')], '.')).toBe('accepted');
    // What is given as `./a` is known as `a`.
    expect(codeOf([glob('exclude', './a/b')], 'a')).toBe('accepted');
    expect(codeOf([{ kind: 'literal', sense: 'exclude', pattern: './a/b' }], 'a')).toBe('accepted');
    expect(codeOf([glob('exclude', './b')], 'a')).toBe('FILE_PREFIX_ERROR');
    expect(selection([glob('exclude', './a/b')], 'a').decide(bytePath('a/b'), FILE)).toBe('exclude');
    expect(codeOf([glob('exclude', '/a')], '/')).toBe('accepted');
    expect(codeOf([glob('exclude', 'ignorecase:/src/a')], '/SRC')).toBe('accepted');
  });

  test('a list is announced when it is read', () => {
    const events: Event[] = [];
    selection([{ kind: 'filelist', sense: 'include', name: '/l', content: Buffer.from('# nothing') }], '/s', events);
    expect(events).toEqual([{ kind: 'notice', text: 'Reading globbing filelist /l' }]);
  });
});
