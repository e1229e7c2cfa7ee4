import { type Action, ACTIONS, specOf } from './words/actions.ts';
import type { Alias, AnyOption } from './options/option.ts';
import { TOPICS } from './options/table.ts';

const WIDTH = 80;
const INDENT = 28;

const TIMES = [
  'TIME is "now", seconds since 1970, an interval before now (1h78m, 3D; units',
  's m h D W M Y), 2002-04-26T04:22:01-07:00, or a date (2002-04-26, 4/26/2002).',
] as const;

const URL_FORMS = [
  ['file:///absolute/dir', 'a directory of this machine'],
  ['file://relative/dir', 'the same, relative to the current directory'],
  ['SCHEME://[user[:password]@]host[:port]/dir', 'relative to the login directory, where there is one'],
  ['SCHEME://[user[:password]@]host[:port]//dir', 'an absolute directory of the server'],
  ['SCHEME://container/prefix', 'an object store'],
] as const;

/** The text of `--help`, with the newline at its end: of one action, or of all. */
export function helpText(about?: Action): string {
  return `${(about === undefined ? generalHelp() : actionHelp(about)).join('\n')}\n`;
}

function generalHelp(): readonly string[] {
  const lines = ['Usage: duplicity [ACTION] [OPTIONS] ARGUMENTS', ''];
  lines.push('Actions:');
  for (const { action, aliases, takes, help } of ACTIONS) {
    lines.push(...entry(`${[action, ...aliases].join(', ')} ${takes}`, help));
  }
  lines.push('', 'PATH URL alone is a backup, URL PATH alone a restore.', '');
  lines.push('URLs (characters that have a meaning in URLs are written as %XX):');
  for (const [form, meaning] of URL_FORMS) lines.push(...entry(form, meaning));
  lines.push('', ...TIMES, '', 'duplicity help ACTION shows one action with the options that concern it.');
  return [...lines, ...topics(() => true)];
}

/** How to call one action, what it does, and the options that concern it. */
function actionHelp(about: Action): readonly string[] {
  const { action, aliases, takes, help, more, group } = specOf(about);
  const concerning = topics(({ actions }) => actions === 'all' || (group !== undefined && actions.includes(group)));
  const lines = [`Usage: duplicity ${action} [OPTIONS] ${takes}`, '', ...wrap(`${help} ${more}`, WIDTH)];
  if (aliases.length > 0) lines.push('', `Also called: ${aliases.join(', ')}`);
  if ([takes, ...concerning].some((text) => /\bTIME\b/.test(text))) lines.push('', ...TIMES);
  return [...lines, ...concerning];
}

/** The options that are neither hidden nor old, by topic. */
function topics(concerns: (option: AnyOption) => boolean): readonly string[] {
  const lines: string[] = [];
  for (const { title, options } of TOPICS) {
    const shown = Object.values(options).filter((option) => !option.hidden && option.deprecated === undefined);
    const meant = shown.filter(concerns);
    if (meant.length > 0) lines.push('', `${title}:`, ...meant.flatMap(optionLines));
  }
  return lines;
}

/** The first sentence: up to a full stop that ends a sentence. */
export function firstSentence(text: string): string {
  return /^.*?[.?!](?= |$)/.exec(text)?.[0] ?? text;
}

function optionLines(option: AnyOption): readonly string[] {
  const aliases: readonly Alias<unknown>[] = option.kind === 'option' ? (option.aliases ?? []) : [];
  const same = aliases.filter((alias) => !('sets' in alias));
  const flags = [...(option.short === undefined ? [] : [`-${option.short}`]), option.flag, ...same.map((a) => a.flag)];
  const value = option.value === undefined ? '' : ` ${option.value}`;
  const lines = entry(`${flags.join(', ')}${value}`, firstSentence(option.help));
  const others = aliases.filter((alias) => 'sets' in alias);
  return [...lines, ...others.flatMap((alias) => entry(alias.flag, alias.help ?? ''))];
}

/** A term and what it means: beside it when there is room, else below. */
function entry(term: string, meaning: string): readonly string[] {
  const wrapped = wrap(meaning, WIDTH - INDENT).map((line) => ' '.repeat(INDENT) + line);
  const head = `  ${term}`;
  const [first = ''] = wrapped;
  if (head.length + 2 > INDENT) return [head, ...wrapped];
  return [head + first.slice(head.length), ...wrapped.slice(1)];
}

function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
      continue;
    }
    line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
