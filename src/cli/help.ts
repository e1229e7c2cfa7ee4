import { ACTIONS } from './words/actions.ts';
import type { Alias, AnyOption } from './options/option.ts';
import { TOPICS } from './options/table.ts';

const WIDTH = 80;
const INDENT = 28;

const URL_FORMS = [
  ['file:///absolute/dir', 'a directory of this machine'],
  ['file://relative/dir', 'the same, relative to the current directory'],
  ['SCHEME://[user[:password]@]host[:port]/dir', 'relative to the login directory, where there is one'],
  ['SCHEME://[user[:password]@]host[:port]//dir', 'an absolute directory of the server'],
  ['SCHEME://container/prefix', 'an object store'],
] as const;

/** The text of `--help`, with the newline at its end. */
export function helpText(): string {
  const lines = ['Usage: duplicity [ACTION] [OPTIONS] ARGUMENTS', ''];
  lines.push('Actions:');
  for (const { action, aliases, takes, help } of ACTIONS) {
    lines.push(...entry(`${[action, ...aliases].join(', ')} ${takes}`, help));
  }
  lines.push('', 'PATH URL alone is a backup, URL PATH alone a restore.', '');
  lines.push('URLs (characters that have a meaning in URLs are written as %XX):');
  for (const [form, meaning] of URL_FORMS) lines.push(...entry(form, meaning));
  lines.push('', 'TIME is "now", seconds since 1970, an interval before now (1h78m, 3D; units');
  lines.push('s m h D W M Y), 2002-04-26T04:22:01-07:00, or a date (2002-04-26, 4/26/2002).');
  for (const { title, options } of TOPICS) {
    const shown = Object.values(options).filter((option) => !option.hidden && option.deprecated === undefined);
    if (shown.length === 0) continue;
    lines.push('', `${title}:`);
    for (const option of shown) lines.push(...optionLines(option));
  }
  return `${lines.join('\n')}\n`;
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
