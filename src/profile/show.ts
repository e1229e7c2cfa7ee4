import { expandPath } from '../cli/words/expand.ts';
import type { Surroundings } from '../cli/surroundings.ts';
import { commandWords, environmentOf } from './command-line.ts';
import type { At } from './file/at.ts';
import { Moment, type Path, pathText, type Table, type Tree } from './file/tree.ts';
import type { Profile } from './profile.ts';
import type { SecretSource } from './schema/secret.ts';
import { tomlValue, type TomlValue } from './write/toml.ts';

/** A value and where it comes from. */
export interface ShownValue {
  readonly key: string;
  readonly value: TomlValue;
  readonly at: At;
}

/** What a profile comes to at one of its stores. */
export interface ShownStore {
  readonly name: string;
  readonly url: string;
  readonly words: readonly string[];
  /** The same for a shell, secrets fetched from their sources. */
  readonly commandLine: string;
}

/** All values of a profile, the inherited ones too. */
export function shownValues(tree: Table): readonly ShownValue[] {
  return valuesIn(tree, []);
}

function valuesIn(table: Table, path: Path): readonly ShownValue[] {
  return [...table.entries].flatMap(([key, { at, tree }]): readonly ShownValue[] => {
    const here = [...path, key];
    if (tree.kind === 'table') return valuesIn(tree, here);
    if (
      tree.kind === 'list' &&
      tree.items.length > 0 &&
      tree.items.every(({ kind }) => kind === 'table') &&
      key === 'hook'
    ) {
      return tree.items.flatMap((item, i) => (item.kind === 'table' ? valuesIn(item, [...here, i]) : []));
    }
    // A list that both files add to has a line for each.
    const files = tree.kind === 'list' ? [...new Set(tree.items.map((item) => item.at.file))] : [];
    if (tree.kind === 'list' && files.length > 1) {
      return files.map((file) => {
        const items = tree.items.filter((item) => item.at.file === file);
        return { key: pathText(here), value: items.map(plainValue), at: items[0]?.at ?? at };
      });
    }
    return [{ key: pathText(here), value: plainValue(tree), at }];
  });
}

function plainValue(tree: Tree): TomlValue {
  switch (tree.kind) {
    case 'leaf':
      return tree.value instanceof Moment
        ? tree.value.text
        : typeof tree.value === 'bigint'
          ? String(tree.value)
          : tree.value;
    case 'list':
      return tree.items.map(plainValue);
    case 'table':
      return Object.fromEntries([...tree.entries].map(([key, { tree: inner }]) => [key, plainValue(inner)]));
  }
}

export function shownStores(profile: Profile, around: Surroundings): readonly ShownStore[] {
  return profile.stores.map((store) => {
    const words = commandWords(profile, store, 'backup');
    const environment = Object.entries(environmentOf(profile, store)).map(
      ([name, from]) => `${name}=${shellSource(from, around)}`,
    );
    return {
      name: store.name,
      url: store.url,
      words,
      commandLine: [...environment, 'duplicity', ...words.map(shellWord)].join(' '),
    };
  });
}

/** The lines of `profile show`. */
export function showLines(profile: Profile, withOrigin: boolean, around: Surroundings): readonly string[] {
  const { file, defaults, source, tree } = profile;
  const inherits = defaults === undefined ? '' : `, which inherits from ${defaults}`;
  const values = shownValues(tree).map(({ key, value, at }) => {
    const text = `${key} = ${tomlValue(value, Infinity)}`;
    return withOrigin ? `${text}  # ${at.file}:${at.line}` : text;
  });
  const places = [`Profile ${profile.name} is ${file}${inherits}.`, `The top of the backup is ${source}.`];
  const lines = shownStores(profile, around).flatMap(({ name, commandLine }) => ['', `To ${name}:`, commandLine]);
  return [...places, '', ...values, ...lines];
}

function shellSource(from: string | SecretSource, around: Surroundings): string {
  if (typeof from === 'string') return shellWord(from);
  const { file, command, env, credential, keyring } = from;
  if (env !== undefined) return `"$${env}"`;
  const words =
    file !== undefined
      ? ['head', '-n1', expandPath(file, around)]
      : (command ?? (keyring === undefined ? [] : ['secret-tool', 'lookup', ...Object.entries(keyring).flat()]));
  if (credential !== undefined) return `"$(head -n1 "$CREDENTIALS_DIRECTORY/${credential}")"`;
  return `"$(${words.map(shellWord).join(' ')})"`;
}

/** A word as a shell takes it; bytes that are no UTF-8 and control characters by their numbers. */
function shellWord(word: string): string {
  if (/^[\w@%+=:,./-]+$/.test(word)) return word;
  if (!/[\u0000-\u001f\u007f\udc80-\udcff]/u.test(word)) return `'${word.replaceAll("'", `'\\''`)}'`;
  const escaped = word.replace(/['\\]/g, '\\$&').replace(/[\u0000-\u001f\u007f\udc80-\udcff]/gu, (character) => {
    return `\\x${(character.charCodeAt(0) & 0xff).toString(16).padStart(2, '0')}`;
  });
  return `$'${escaped}'`;
}
