import type { Surroundings } from '../cli/surroundings.ts';
import { UsageError } from '../errors/errors.ts';
import { type Problem, problemText } from './file/at.ts';
import { inherit } from './file/merge.ts';
import { parseToml } from './file/parse-toml.ts';
import { readText } from './file/read-text.ts';
import { type Path, plain, type Table, treeAt, valuePlace } from './file/tree.ts';
import { contradictions } from './parts/contradictions.ts';
import { keyOptions } from './parts/key-options.ts';
import { type GivenOption, optionWords } from './parts/option-words.ts';
import { rootsOf } from './parts/roots.ts';
import { ruleWords } from './parts/rules.ts';
import { type ProfileStore, storesOf } from './parts/stores.ts';
import { requestFor } from './command-line.ts';
import { defaultsBeside, findProfile } from './places.ts';
import { problemsOf } from './schema/problems.ts';
import { PROFILE, type ProfileValues } from './schema/profile.ts';
import type { SecretSource } from './schema/secret.ts';
import { secretOddity } from './secrets/reveal.ts';

/** A backup as its file describes it: checked whole, inherited values in place. */
export interface Profile {
  readonly name: string;
  readonly file: string;
  /** The file it inherits from, if there is one. */
  readonly defaults: string | undefined;
  /** The directory that is backed up, as a word of the command line. */
  readonly source: string;
  /** The selection, as words of the command line. */
  readonly rules: readonly string[];
  readonly stores: readonly ProfileStore[];
  /** For all stores. */
  readonly options: readonly GivenOption[];
  /** All that the file says; keys in camel case, times in seconds, shares as fractions. */
  readonly values: ProfileValues;
  /** The same as written, with the place of everything. */
  readonly tree: Table;
  /** What is odd, but no error. */
  readonly warnings: readonly Problem[];
}

/** A profile that cannot be used, and everything that is wrong with it. */
export class ProfileError extends UsageError {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    const [first] = problems;
    const more = problems.slice(1).map(problemText);
    const text = first === undefined ? '' : problemText({ ...first, hint: undefined });
    // One has its hint where all failures have theirs.
    if (more.length === 0) super('BAD_PROFILE', text, first?.hint === undefined ? {} : { hint: first.hint });
    else super('BAD_PROFILE', [first === undefined ? '' : problemText(first), ...more].join('\n'));
    this.problems = problems;
  }
}

/** Reads a profile by its name or file. `UsageError` when it is not there or wrong, with all that is. */
export function loadProfile(nameOrFile: string, around: Surroundings): Profile {
  const { name, file } = findProfile(nameOrFile, around);
  const own = parseToml(readText(file, around), file);
  const wantsDefaults = treeAt(own, ['defaults']);
  const isAlone = wantsDefaults?.kind === 'leaf' && wantsDefaults.value === false;
  const defaults = isAlone ? undefined : defaultsBeside(file);
  const inherited = defaults === undefined ? undefined : parseToml(readText(defaults, around), defaults);
  const tree = inherited === undefined ? own : inherit(own, inherited);
  // Each file says for itself which version it is of.
  const versions = inherited !== undefined && treeAt(own, ['version']) === undefined ? [lacksVersion(own)] : [];
  const { values, problems } = valuesOf(tree);
  return checked({ name, file, defaults, tree, values }, [...versions, ...problems], around);
}

function lacksVersion(own: Table): Problem {
  return { at: own.at, text: 'The profile lacks version.', hint: 'Write version = 1.' };
}

/** What the defaults say must be right by itself, too, although it may lack everything. */
export function checkDefaults(file: string, around: Surroundings): void {
  const { problems } = valuesOf(parseToml(readText(file, around), file));
  if (problems.length > 0) throw new ProfileError(inOrder(problems));
}

/** The values, without those that are wrong: what else is wrong is told as well. */
function valuesOf(tree: Table): { readonly values: ProfileValues; readonly problems: readonly Problem[] } {
  const given = plain(tree);
  const result = PROFILE.safeParse(given);
  if (result.success) return { values: result.data, problems: [] };
  const { issues } = result.error;
  const problems = problemsOf(issues, tree);
  for (const issue of issues) {
    const keys = issue.code === 'unrecognized_keys' ? issue.keys : [undefined];
    for (const key of keys) dropAt(given, key === undefined ? issue.path : [...issue.path, key]);
  }
  const rest = PROFILE.safeParse({ ...(given as object), version: 1 });
  if (rest.success) return { values: rest.data, problems };
  throw new ProfileError(inOrder(problems));
}

/** Takes a key away; with an element its list, so that the others keep their numbers. */
function dropAt(value: unknown, path: readonly PropertyKey[]): void {
  const length = path.findLastIndex((step) => typeof step === 'string');
  let here = value;
  for (const step of path.slice(0, Math.max(length, 0)))
    here = (here as Record<PropertyKey, unknown> | undefined)?.[step];
  const key = path[length];
  if (key !== undefined && typeof here === 'object' && here !== null)
    delete (here as Record<PropertyKey, unknown>)[key];
}

type Read = Pick<Profile, 'name' | 'file' | 'defaults' | 'tree' | 'values'>;

function checked(read: Read, found: readonly Problem[], around: Surroundings): Profile {
  const { name, tree, values } = read;
  const problems: Problem[] = [...found];
  const warnings: Problem[] = [];
  const check = {
    around,
    complain: (problem: Problem) => void problems.push(problem),
    warn: (problem: Problem) => void warnings.push(problem),
  };
  const table = treeAt(tree, ['options']);
  const given = table?.kind === 'table' ? optionWords(table, 'options', check) : [];
  const options = [...given.filter(({ option }) => option.kind !== 'rule'), ...keyOptions(values, tree, check)];
  // Of what is wrong in itself nothing is lacking.
  const isNew = ({ path = [] }: Problem): boolean =>
    !found.some((other) => path.every((step, k) => other.path?.[k] === step));
  problems.push(...contradictions(values, given, tree).filter(isNew));
  const before = problems.length;
  const roots = rootsOf(values, tree, around, check.complain);
  const isRooted = problems.length === before && values.include !== undefined;
  const rulesGiven = given.filter(({ option }) => option.kind === 'rule');
  if (values.select !== undefined && rulesGiven.length > 0) {
    check.complain({
      at: valuePlace(tree, ['options']),
      text: 'options has rules of selection, and there is select.',
      hint: 'Write them in select.',
    });
  }
  const rules = isRooted ? ruleWords(values, roots, rulesGiven, tree, check) : [];
  const stores = storesOf(values, name, tree, check);
  for (const [path, source] of secretsOf(values)) {
    const odd = secretOddity(source, around);
    if (odd !== undefined) warnings.push({ at: valuePlace(tree, path), ...odd });
  }
  const profile = { ...read, source: roots.source, rules, stores, options, warnings: inOrder(warnings) };
  // What no option is wrong about by itself, the command line as a whole may refuse.
  if (problems.length === 0) problems.push(...refusals(profile, around));
  if (problems.length > 0) throw new ProfileError(inOrder(problems));
  return profile;
}

function refusals(profile: Profile, around: Surroundings): readonly Problem[] {
  return profile.stores.flatMap((store) => {
    try {
      requestFor(profile, store, 'backup', around);
      return [];
    } catch (error) {
      if (!(error instanceof UsageError)) throw error;
      // That there is no place for the archive dir is a matter of this account, not of the profile.
      if (error.code === 'BAD_ARCHIVE_DIR') return [];
      const path = treeAt(profile.tree, ['store', store.name]) === undefined ? ['options'] : ['store', store.name];
      return [{ at: valuePlace(profile.tree, path), text: error.message, hint: error.hint }];
    }
  });
}

/** Every source of a secret, with its path in the file. */
function secretsOf({ keys, store = {}, notify }: ProfileValues): readonly (readonly [Path, SecretSource])[] {
  const found: (readonly [Path, SecretSource | string | undefined])[] = [
    [['keys', 'passphrase'], keys?.passphrase],
    [['keys', 'sign-passphrase'], keys?.signPassphrase],
    [['notify', 'smtp', 'password'], notify?.smtp?.password],
    [['notify', 'webhook'], notify?.webhook],
    [['notify', 'heartbeat'], notify?.heartbeat],
    ...Object.entries(store).flatMap(([name, { password, env = {} }]) => [
      [['store', name, 'password'], password] as const,
      ...Object.entries(env).map(([variable, value]) => [['store', name, 'env', variable], value] as const),
    ]),
  ];
  return found.flatMap(([path, source]) => (typeof source === 'object' ? [[path, source] as const] : []));
}

/** By file, then from top to bottom; what is told twice once. */
function inOrder(problems: readonly Problem[]): readonly Problem[] {
  const seen = new Set<string>();
  return problems
    .toSorted((a, b) =>
      a.at.file === b.at.file ? a.at.line - b.at.line || a.at.column - b.at.column : a.at.file < b.at.file ? -1 : 1,
    )
    .filter((problem) => {
      const text = problemText(problem);
      return !seen.has(text) && seen.add(text);
    });
}
