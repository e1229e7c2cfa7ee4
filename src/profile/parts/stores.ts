import { DuplicityError } from '../../errors/errors.ts';
import { knownSchemes } from '../../backends/registry.ts';
import { type BackendUrl, isUrl, parseUrl, redact } from '../../backends/url/url.ts';
import { isSecretName } from '../../util/secret-names.ts';
import { nearest } from '../../util/text/nearest.ts';
import type { Problem } from '../file/at.ts';
import { keyPlace, type Path, pathText, type Table, treeAt, valuePlace } from '../file/tree.ts';
import type { ProfileValues } from '../schema/profile.ts';
import type { SecretSource } from '../schema/secret.ts';
import { credentialVariables } from './credentials.ts';
import { type GivenOption, type OptionCheck, optionWords } from './option-words.ts';

/** A place that the backup goes to. */
export interface ProfileStore {
  /** Of its table; its URL where `to` has that. */
  readonly name: string;
  readonly url: string;
  /** What its driver finds in the environment: texts, and sources of secrets. */
  readonly environment: Readonly<Record<string, string | SecretSource>>;
  readonly keep: ProfileValues['keep'];
  readonly lock: 'chain' | number | undefined;
  readonly options: readonly GivenOption[];
}

type StoreValues = NonNullable<ProfileValues['store']>[string];

/** The stores that `to` names. Says what is wrong with them, and with those that nobody names. */
export function storesOf(
  values: ProfileValues,
  name: string,
  tree: Table,
  check: OptionCheck,
): readonly ProfileStore[] {
  const tables = values.store ?? {};
  const names = Object.keys(tables);
  const targets = values.to ?? [];
  const stores = targets.flatMap((target, i): ProfileStore[] => {
    const isList = treeAt(tree, ['to'])?.kind === 'list';
    const at: Path = isList ? ['to', i] : ['to'];
    if (targets.indexOf(target) < i) {
      check.complain({ at: valuePlace(tree, at), text: `to names ${redact(target)} twice.` });
      return [];
    }
    const found = names.includes(target) ? tables[target] : undefined;
    if (found !== undefined) return oneStore(target, found, name, tree, check);
    if (!isUrl(target)) {
      check.complain({ at: valuePlace(tree, at), ...noSuchStore(target, names) });
      return [];
    }
    const url = usableUrl(target, name, at, tree, check);
    if (url === undefined) return [];
    return [{ name: target, url: url.text, environment: {}, keep: values.keep, lock: undefined, options: [] }];
  });
  for (const unused of names.filter((one) => !targets.includes(one))) {
    oneStore(unused, tables[unused] ?? {}, name, tree, check);
    const { at } = treeAt(tree, ['store', unused]) ?? tree;
    // All profiles may share the stores of the defaults.
    if (at.file === tree.at.file) check.warn({ at, text: `store.${unused} is not in to: nothing is sent there.` });
  }
  return stores.map((store) => ({ ...store, keep: store.keep ?? values.keep }));
}

function noSuchStore(target: string, names: readonly string[]): Omit<Problem, 'at'> {
  const text = `to names "${redact(target)}", which is neither a URL nor a store of this profile.`;
  if (target.startsWith('/') || target.startsWith('~'))
    return { text, hint: `A directory of this machine is file://${target.replace(/^~/, '/home/...')}.` };
  const meant = nearest(target, names);
  return {
    text,
    hint:
      meant === undefined
        ? `Write a URL, or a table [store.${/^[\w-]+$/.test(target) ? target : 'NAME'}].`
        : `Is "${meant}" meant?`,
  };
}

function oneStore(name: string, values: StoreValues, profile: string, tree: Table, check: OptionCheck): ProfileStore[] {
  const path: Path = ['store', name];
  const place = (key: string) => valuePlace(tree, [...path, key]);
  if (values.url === undefined) {
    if (treeAt(tree, [...path, 'url']) !== undefined) return [];
    check.complain({ at: keyPlace(tree, path), text: `${pathText(path)} lacks url: where is it?` });
    return [];
  }
  const url = usableUrl(values.url, profile, [...path, 'url'], tree, check);
  if (url === undefined) return [];
  const options = treeAt(tree, [...path, 'options']);
  const given = options?.kind === 'table' ? optionWords(options, pathText([...path, 'options']), check) : [];
  for (const { option } of given) {
    if (option.kind !== 'rule') continue;
    const at = place('options');
    check.complain({
      at,
      text: `${option.flag} of one store would make it another backup than the others.`,
      hint: 'The selection is that of the whole profile.',
    });
  }
  const environment = {
    ...credentials(url.parsed, values, path, tree, check),
    ...variables(values.env, path, tree, check),
  };
  return [{ name, url: url.text, environment, keep: values.keep, lock: values.lock, options: given }];
}

/** Password and user as the variables that the driver of this URL reads. */
function credentials(
  url: BackendUrl,
  { password, user }: StoreValues,
  path: Path,
  tree: Table,
  check: OptionCheck,
): Readonly<Record<string, string | SecretSource>> {
  const known = credentialVariables(url.scheme);
  const complain = (key: string, text: string, hint: string): void =>
    check.complain({ at: keyPlace(tree, [...path, key]), text: `${pathText([...path, key])} ${text}`, hint });
  if (password !== undefined && known === undefined) {
    complain('password', `has no meaning: ${url.scheme}:// takes none.`, 'Variables of its own stand in env.');
  }
  if (user !== undefined && known?.user === undefined) {
    complain(
      'user',
      `has no meaning: the user of ${url.scheme}:// stands in the URL.`,
      `Write ${url.scheme}://USER@...`,
    );
  }
  return {
    ...(password !== undefined && known !== undefined && { [known.password]: password }),
    ...(user !== undefined && known?.user !== undefined && { [known.user]: user }),
  };
}

function variables(env: StoreValues['env'], path: Path, tree: Table, check: OptionCheck): StoreValues['env'] {
  for (const [name, value] of Object.entries(env ?? {})) {
    const at = valuePlace(tree, [...path, 'env', name]);
    if (!/^[A-Za-z_]\w*$/.test(name)) check.complain({ at, text: `"${name}" cannot be the name of a variable.` });
    else if (typeof value === 'string' && isSecretName(name)) {
      check.complain({ at, text: `${pathText([...path, 'env', name])} ${PLAIN}`, hint: MEND });
    }
  }
  return env;
}

const PLAIN = 'must not stand in the file.';
const MEND = 'Name where it comes from: { file = "/etc/duplicity/secret" }, or command, env, credential, keyring.';

interface UsableUrl {
  readonly text: string;
  readonly parsed: BackendUrl;
}

function usableUrl(given: string, profile: string, at: Path, tree: Table, check: OptionCheck): UsableUrl | undefined {
  const text = given.replaceAll('{profile}', encodeURIComponent(profile));
  const refuse = (problem: string, hint?: string): undefined =>
    check.complain({ at: valuePlace(tree, at), text: problem, hint }) as undefined;
  if (!isUrl(text))
    return refuse(
      `${pathText(at)} is no URL: "${redact(text)}".`,
      'Write it like sftp://user@host/directory or file:///mnt/backup.',
    );
  let parsed: BackendUrl;
  try {
    parsed = parseUrl(text);
  } catch (error) {
    if (!(error instanceof DuplicityError)) throw error;
    return refuse(`${pathText(at)}: ${error.message.replace(/\.?$/, '.')}`, error.hint);
  }
  if (parsed.password !== undefined || /:\/\/[^/?#]*:[^/?#@]*@/.test(text)) {
    const where = at[0] === 'store' ? 'Take it out and write' : 'Make a table [store.NAME] of it, with url and';
    return refuse(
      `The password in the URL ${redact(text)} ${PLAIN}`,
      `${where} password = { file = "/etc/duplicity/secret" } (or command, env, credential, keyring).`,
    );
  }
  const schemes = knownSchemes();
  if (!schemes.includes(parsed.scheme)) {
    const meant = nearest(parsed.scheme, schemes);
    return refuse(
      `${pathText(at)}: there is no ${parsed.scheme}://.`,
      meant === undefined ? undefined : `Is ${meant}:// meant?`,
    );
  }
  if (parsed.scheme === 'file' && !parsed.path.startsWith('///')) {
    return refuse(
      `${pathText(at)}: ${text} is relative, and runs may start in any directory.`,
      'Write three slashes: file:///mnt/backup. ~ is not replaced in URLs.',
    );
  }
  return { text, parsed };
}
