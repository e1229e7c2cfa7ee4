import * as z from '../libraries/zod.ts';
import { checks, dump, full, guard, hook, keep, keys, metrics, notify, options, schedule, store } from './sections.ts';
import { described, flag, list, may, oneOrMore, path, table, text } from './values.ts';

const rule = z.union([text(), z.record(z.string(), z.unknown())], {
  error: 'needs a rule: "+ PATTERN", "- PATTERN" or { exclude-regexp = "..." }',
});

/** Everything a profile may say. Types, checks, the schema for editors and the table of docs/profile.md are made of it. */
export const PROFILE = table({
  version: described(z.literal(1, { error: 'must be 1; a later version needs a later program' }), 'Of the format: 1.'),
  defaults: may(flag, 'false: take nothing from defaults.toml.'),
  root: may(text(), 'The top of the backup. Without it the deepest directory that holds all of include.'),
  include: may(list(path, 'paths'), 'Directories and files to back up, by absolute paths (or ~/...). No patterns.'),
  exclude: may(list(path, 'patterns'), 'What to leave out, as with --exclude. Wins over include, in any order.'),
  'exclude-add': may(list(path, 'patterns'), 'More of that, also where exclude is inherited.'),
  'exclude-if-present': may(list(path, 'names'), 'Leave out directories that hold an entry of this name.'),
  select: may(list(rule, 'rules'), 'Instead of exclude: rules in order, the first that fits decides.'),
  to: may(oneOrMore(text(), 'a URL or the name of a store'), 'Where the backup goes: URLs, or names of stores.'),
  keep: may(keep, 'Which sets stay when old ones are removed. Nothing is removed without it.'),
  options: may(options, 'Any option of docs/options.md by its name, for all stores.'),
  keys: may(keys, 'Encryption.'),
  store: may(
    z.record(z.string(), store, { error: 'needs tables: [store.NAME]' }),
    'A place for the backup, by a name of your own.',
  ),
  full: may(full, 'When a backup is a full one.'),
  schedule: may(schedule, 'When to run.'),
  guard: may(guard, 'What must be so before old backups may be touched.'),
  hook: may(z.array(hook, { error: 'needs a list of tables: [[hook]]' }), 'Programs to run around the backup.'),
  checks: may(checks, 'Proofs that it can be restored.'),
  notify: may(notify, 'Whom to tell.'),
  metrics: may(metrics, 'Numbers for a monitor.'),
  dump: may(
    z.record(z.string(), dump, { error: 'needs tables: [dump.NAME]' }),
    'Output of a program to store as a file.',
  ),
});

/** What a profile says, in the values of the program: times in seconds, shares as fractions. */
export type ProfileValues = z.output<typeof PROFILE>;
