import { decodeName, encodeName } from '../../util/text/text.ts';
import { tomlKey, type TomlValue, tomlValue } from './toml.ts';

/** A profile that is being written. Sections come in the order in which they are first used. */
export interface Draft {
  /** Sets a key of a section, the top of the file being ''. A comment stands in front of it. */
  set(section: string, key: string, value: TomlValue, comment?: string): void;
  /** Adds to a list. */
  add(section: string, key: string, value: TomlValue, comment?: string): void;
  get(section: string, key: string): TomlValue | undefined;
  /** Adds a table to a list of tables. */
  table(name: string, values: Readonly<Record<string, TomlValue>>, comment?: string): void;
  /** Something that could not be taken over, or has to be done. */
  note(text: string): void;
  readonly notes: readonly string[];
  /** The file. */
  text(): string;
}

interface Line {
  value: TomlValue;
  comments: string[];
}

export function newDraft(title: string): Draft {
  const sections = new Map<string, Map<string, Line>>([['', new Map()]]);
  const tables: { name: string; values: Readonly<Record<string, TomlValue>>; comment: string | undefined }[] = [];
  const notes: string[] = [];
  const line = (section: string, key: string): Line | undefined => sections.get(section)?.get(key);

  function set(section: string, key: string, value: TomlValue, comment?: string): void {
    const lines = sections.get(section) ?? new Map<string, Line>();
    sections.set(section, lines);
    const comments = [...(lines.get(key)?.comments ?? []), ...(comment === undefined ? [] : [comment])];
    lines.set(key, { value, comments });
  }

  return {
    set,
    add(section, key, value, comment) {
      const before = line(section, key)?.value;
      set(section, key, [...(Array.isArray(before) ? (before as TomlValue[]) : []), value], comment);
    },
    get: (section, key) => line(section, key)?.value,
    table: (name, values, comment) => void tables.push({ name, values, comment }),
    note: (text) => void notes.push(text),
    notes,
    text: () => {
      const parts = [
        [
          `# ${title}`,
          '# Checked by: duplicity profile check. All keys: docs/profile.md.',
          'version = 1',
          ...linesOf(sections.get('')),
        ].join('\n'),
        ...[...sections]
          .filter(([name]) => name !== '')
          .map(([name, lines]) => [`[${name}]`, ...linesOf(lines)].join('\n')),
        ...tables.map(({ name, values, comment }) =>
          [
            ...comments(comment === undefined ? [] : [comment]),
            `[[${name}]]`,
            ...Object.entries(values).map(([key, value]) => `${tomlKey(key)} = ${tomlValue(value)}`),
          ].join('\n'),
        ),
        ...(notes.length === 0
          ? []
          : [['# Left to do, and not taken over:', ...notes.flatMap((note) => comments([`- ${note}`]))].join('\n')]),
      ];
      return `${parts.join('\n\n')}\n`;
    },
  };
}

function linesOf(lines: ReadonlyMap<string, Line> = new Map()): readonly string[] {
  return [...lines].flatMap(([key, { value, comments: said }]) => [
    ...comments(said),
    `${tomlKey(key)} = ${tomlValue(value)}`,
  ]);
}

/** Of control characters only the end of a line may stand in a comment, and begins another. */
function comments(texts: readonly string[]): readonly string[] {
  return texts.flatMap((text) =>
    text.split('\n').map((one) => `# ${one.replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, '?')}`),
  );
}

/** A path or a pattern of the command line: bytes that are no UTF-8 are written in base64. */
export function pathToml(word: string): TomlValue {
  const bytes = Buffer.from(encodeName(word), 'latin1');
  return decodeName(encodeName(word)) === bytes.toString('utf8') ? word : { base64: bytes.toString('base64') };
}
