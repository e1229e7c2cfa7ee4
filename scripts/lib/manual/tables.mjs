import { tsImport } from 'tsx/esm/api';

/**
 * @typedef {object} Row one option
 * @property {string[]} flags all spellings that mean the same, the short one first
 * @property {string} value what stands for its values, one word each; empty for a switch
 * @property {string} help
 * @property {'both' | '0.8' | '3.0' | 'ours'} release
 * @property {string[]} actions groups of actions it has a meaning for; empty: all
 * @property {string | undefined} env
 * @property {string | undefined} deprecated
 *
 * @typedef {{ title: string, rows: Row[] }} Topic
 * @typedef {{ action: string, aliases: readonly string[], takes: string, help: string, more: string, group?: string }} Action
 * @typedef {{ topics: Topic[], actions: readonly Action[] }} Tables
 */

/** What people may type, from the tables the program itself reads. Hidden test options are left out. */
export async function readTables() {
  const load = (/** @type {string} */ name) => tsImport(`../../../src/cli/${name}`, import.meta.url);
  const { TOPICS } = await load('options/table.ts');
  const { ACTIONS } = await load('words/actions.ts');
  const topics = TOPICS.map(({ title, options }) => ({
    title,
    rows: Object.values(options)
      .filter(({ hidden, kind }) => !hidden || kind === 'retired')
      .flatMap(rowsOf),
  }));
  return { topics, actions: ACTIONS };
}

/** An alias with a meaning of its own is a row of its own. */
function rowsOf({ flag, short, value = '', help, release, actions, env, deprecated, aliases = [] }) {
  const same = aliases.filter((alias) => !('sets' in alias));
  const base = { value, release, actions: actions === 'all' ? [] : [...actions], env, deprecated };
  const letters = [short, ...same.map((alias) => alias.short)].filter((letter) => letter !== undefined);
  const flags = [...letters.map((letter) => `-${letter}`), flag, ...same.map((alias) => alias.flag)];
  return [
    { ...base, flags, help },
    ...aliases
      .filter((alias) => 'sets' in alias)
      .map((alias) => ({ ...base, flags: [alias.flag], value: '', help: alias.help ?? `Undoes ${flag}.` })),
  ];
}

/** Every long flag, sorted. @param {import('./tables.mjs').Tables} tables */
export function longFlags({ topics }) {
  const all = topics.flatMap(({ rows }) => rows.flatMap(({ flags }) => flags));
  return all.filter((flag) => flag.startsWith('--')).toSorted();
}

/** The long flags, sorted, that concern an action of this group. @param {import('./tables.mjs').Tables} tables */
export function flagsFor({ topics }, /** @type {string | undefined} */ group) {
  const rows = topics.flatMap(({ rows }) =>
    rows.filter(({ actions }) => actions.length === 0 || actions.includes(group)),
  );
  return longFlags({ topics: [{ title: '', rows }], actions: [] });
}

/** The names and aliases of actions by their group. @param {import('./tables.mjs').Tables} tables */
export function namesByGroup({ actions }) {
  /** @type {Map<string | undefined, string[]>} */
  const groups = new Map();
  for (const { action, aliases, group } of actions) {
    groups.set(group, [...(groups.get(group) ?? []), action, ...aliases]);
  }
  return groups;
}

/** What a value can be completed with. @returns {'directory' | 'file' | 'none'} */
export function completes(/** @type {string} */ value) {
  if (/^(DIR)$/.test(value)) return 'directory';
  if (/^(FILE|PATH|PROGRAM|FROM TO)$/.test(value)) return 'file';
  return 'none';
}
