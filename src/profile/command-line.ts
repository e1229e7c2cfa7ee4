import type { RunCommand } from '../cli/command.ts';
import { parseCommandLine } from '../cli/parse.ts';
import { type Action, specOf } from '../cli/words/actions.ts';
import type { Surroundings } from '../cli/surroundings.ts';
import type { GivenOption } from './parts/option-words.ts';
import type { ProfileStore } from './parts/stores.ts';
import type { Profile } from './profile.ts';
import type { SecretSource } from './schema/secret.ts';

/** What `run` does with a store of a profile. */
export type ProfileAction = Extract<
  Action,
  | 'backup'
  | 'full'
  | 'incremental'
  | 'verify'
  | 'collection-status'
  | 'list-current-files'
  | 'check'
  | 'cleanup'
  | 'prune'
>;

/** The command line that an action on a store of a profile stands for. */
export function commandWords(profile: Profile, store: ProfileStore, action: ProfileAction): readonly string[] {
  const { group } = specOf(action);
  const concerns = ({ option: { actions } }: GivenOption): boolean =>
    actions === 'all' || (group !== undefined && actions.includes(group));
  // A store's own value takes the place of the common one, also of a list.
  const own = new Set(store.options.map(({ name }) => name));
  const common = profile.options.filter(({ name }) => !own.has(name));
  const options = [...common, ...store.options].filter(concerns).flatMap(({ words }) => words);
  const selects = group === 'backup' || group === 'verify';
  return [
    action,
    ...options,
    ...(group === 'prune' ? keepWords(store) : []),
    ...(selects ? profile.rules : []),
    ...(group === 'backup' ? [profile.source, store.url] : [store.url]),
    ...(group === 'verify' ? [profile.source] : []),
  ];
}

/** The same, understood as the command line is: both mean the same. */
export function requestFor(
  profile: Profile,
  store: ProfileStore,
  action: ProfileAction,
  around: Surroundings,
): RunCommand {
  const command = parseCommandLine(commandWords(profile, store, action), around);
  if (!('archiveDir' in command)) throw new Error(`${action} is no action on a store`);
  return command;
}

/** What the run finds in its environment: texts, and sources of secrets. */
export function environmentOf(
  { values: { keys } }: Profile,
  { environment }: ProfileStore,
): Readonly<Record<string, string | SecretSource>> {
  return {
    ...(keys?.passphrase !== undefined && { PASSPHRASE: keys.passphrase }),
    ...(keys?.signPassphrase !== undefined && { SIGN_PASSPHRASE: keys.signPassphrase }),
    ...environment,
  };
}

function keepWords({ keep }: ProfileStore): readonly string[] {
  return Object.entries(keep ?? {}).flatMap(([name, value]) =>
    value === undefined ? [] : [`--keep-${name}`, name === 'within' ? intervalText(value) : String(value)],
  );
}

const UNITS = [
  ['Y', 365 * 86_400],
  ['M', 30 * 86_400],
  ['W', 7 * 86_400],
  ['D', 86_400],
  ['h', 3600],
  ['m', 60],
  ['s', 1],
] as const;

/** In the largest unit that divides it. */
function intervalText(seconds: number): string {
  const [unit, length] = UNITS.find(([, one]) => seconds > 0 && seconds % one === 0) ?? ['s', 1];
  return `${seconds / length}${unit}`;
}
