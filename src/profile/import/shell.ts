/** A simple command of a script: assignments, words, and the line it begins in. */
export interface ShellCommand {
  readonly assignments: Readonly<Record<string, string>>;
  readonly words: readonly string[];
  readonly line: number;
  /** What was met that only a shell can do, such as `$(date)`. */
  readonly unclear: string | undefined;
}

interface Reader {
  readonly text: string;
  at: number;
  line: number;
  unclear: string | undefined;
  readonly value: (name: string) => string;
}

const BLANK = /[ \t]/;
const END = /[\n;&|]/;

/**
 * The simple commands of a script, as far as they can be told without running it: words, quotes, variables that it or the
 * environment has set, `export`. Nothing is run.
 */
export function shellCommands(
  text: string,
  env: Readonly<Record<string, string | undefined>>,
): readonly ShellCommand[] {
  const own: Record<string, string> = {};
  const reader: Reader = { text, at: 0, line: 1, unclear: undefined, value: (name) => own[name] ?? env[name] ?? '' };
  const commands: ShellCommand[] = [];
  while (reader.at < text.length) {
    const { line } = reader;
    const words: string[] = [];
    const assignments: Record<string, string> = {};
    reader.unclear = undefined;
    for (let word = nextWord(reader); word !== undefined; word = nextWord(reader)) {
      const [, name, value = ''] = /^([A-Za-z_]\w*)=([^]*)$/.exec(word) ?? [];
      const isAssignment = words.length === 0 || words[0] === 'export';
      if (name === undefined || !isAssignment) words.push(word);
      else {
        assignments[name] = value;
        if (reader.unclear === undefined) own[name] = value;
      }
    }
    if (words.length > 0 || Object.keys(assignments).length > 0)
      commands.push({ assignments, words, line, unclear: reader.unclear });
    skipEnd(reader);
  }
  return commands;
}

/** The end of a command. */
function skipEnd(reader: Reader): void {
  if (reader.text[reader.at] === '\n') reader.line += 1;
  reader.at += 1;
}

/** The next word of a command, undefined at its end. Redirections are left out. */
function nextWord(reader: Reader): string | undefined {
  const { text } = reader;
  for (;;) {
    while (BLANK.test(text[reader.at] ?? '') || text.startsWith('\\\n', reader.at)) {
      if (text[reader.at] === '\\') reader.line += 1;
      reader.at += text[reader.at] === '\\' ? 2 : 1;
    }
    if (text[reader.at] === '#') while (reader.at < text.length && text[reader.at] !== '\n') reader.at += 1;
    const redirection = /^\d*(?:>>?|<<?)&?[ \t]*/.exec(text.slice(reader.at, reader.at + 20))?.[0];
    if (redirection === undefined) break;
    reader.at += redirection.length;
    oneWord(reader);
  }
  const character = text[reader.at];
  if (character === undefined || END.test(character)) return undefined;
  return oneWord(reader);
}

function oneWord(reader: Reader): string {
  const { text } = reader;
  let word = '';
  while (reader.at < text.length) {
    const character = text[reader.at] ?? '';
    if (BLANK.test(character) || END.test(character) || /[<>]/.test(character)) break;
    reader.at += 1;
    if (character === "'") {
      const end = text.indexOf("'", reader.at);
      const inside = text.slice(reader.at, end < 0 ? undefined : end);
      reader.line += inside.split('\n').length - 1;
      reader.at += inside.length + 1;
      word += inside;
    } else if (character === '"') word += doubleQuoted(reader);
    else if (character === '\\') word += text[reader.at++] ?? '';
    else if (character === '$') word += expansion(reader);
    else if (character === '`') word += substitution(reader, '`');
    else word += character;
  }
  return word;
}

function doubleQuoted(reader: Reader): string {
  const { text } = reader;
  let inside = '';
  while (reader.at < text.length) {
    const character = text[reader.at++] ?? '';
    if (character === '"') break;
    if (character === '\n') reader.line += 1;
    if (character === '\\' && /["\\$`\n]/.test(text[reader.at] ?? '')) inside += text[reader.at++] ?? '';
    else if (character === '$') inside += expansion(reader);
    else if (character === '`') inside += substitution(reader, '`');
    else inside += character;
  }
  return inside;
}

function expansion(reader: Reader): string {
  const rest = reader.text.slice(reader.at);
  if (rest.startsWith('(')) return substitution(reader, ')');
  const [whole, plain, braced] = /^(?:([A-Za-z_]\w*)|\{([A-Za-z_]\w*)\})/.exec(rest) ?? [];
  if (whole !== undefined) {
    reader.at += whole.length;
    return reader.value(plain ?? braced ?? '');
  }
  if (rest.startsWith('{')) return substitution(reader, '}');
  return '$';
}

/** What only a shell can tell: left out, and told. */
function substitution(reader: Reader, end: string): string {
  const close = reader.text.indexOf(end, reader.at);
  const inside = reader.text.slice(reader.at, close < 0 ? undefined : close + 1);
  reader.at += inside.length;
  reader.line += inside.split('\n').length - 1;
  reader.unclear = (end === '`' ? '`' : '$') + inside;
  return '';
}
