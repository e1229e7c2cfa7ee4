import { UsageError } from '../errors/errors.ts';
import type { Rule } from '../selection/rules.ts';
import type { Command, ProfileCommand } from './command.ts';
import { LOGGING } from './options/logging.ts';
import type { Flag } from './options/option.ts';
import { TARGET_OF_NEW } from './options/profile.ts';
import { type Spelling, type Spellings, spellings } from './options/table.ts';
import { archiveDirOf } from './places.ts';
import { actionAskedAbout, actionOfHelp } from './words/help-words.ts';
import { type Request, readPositionals } from './words/positionals.ts';
import { isAboutProfile } from './words/profile-words.ts';
import { scan } from './words/scan.ts';
import { type Settings, defaultSettings } from './settings.ts';
import type { Surroundings } from './surroundings.ts';

/** The settings while they are being collected. */
interface Draft {
  readonly values: Record<string, unknown>;
  readonly rules: Rule[];
  readonly warnings: Set<string>;
  readonly around: Surroundings;
  readonly table: Spellings;
}

/**
 * Understands a command line in the syntax of both releases of the reference. `argv` is without the program's name;
 * words may come from `recoverWords`. Options take effect from left to right, file lists are read at once, and the
 * first `--help` or `--version` ends it. `UsageError` for everything a user got wrong; `onFailure` hears before of the
 * options that had taken effect, such as where the log goes.
 */
export function parseCommandLine(
  argv: readonly string[],
  around: Surroundings,
  onFailure: (soFar: Settings) => void = () => undefined,
): Command {
  const table = spellings();
  const draft: Draft = { values: { ...defaultSettings() }, rules: [], warnings: new Set(), around, table };
  try {
    if (isAboutProfile(argv, table)) return understandProfile(argv, draft);
    return understand(argv, draft);
  } catch (error) {
    onFailure(settingsOf(draft));
    throw error;
  }
}

/** `--to` is another option here. What a new profile is made of is kept as it was given. */
function understandProfile(argv: readonly string[], draft: Draft): Command {
  const { long, short } = draft.table;
  const name = 'targetOfNew';
  const to: Spelling = { name, option: TARGET_OF_NEW, flag: '--to', release: 'ours' };
  const words: string[] = [];
  const given: ProfileCommand['given'][number][] = [];
  for (const item of scan(argv, { long: new Map(long).set('--to', to), short })) {
    if (item.kind === 'positional') {
      words.push(item.word);
      continue;
    }
    const { option } = item.spelling;
    if (option.kind === 'answer')
      return { action: option.answer, ...(option.answer === 'help' && { about: 'profile' }) };
    apply(draft, item.spelling, item.words);
    if (!(item.spelling.name in LOGGING)) given.push(item);
  }
  const { values, warnings } = draft;
  return {
    action: 'profile',
    words: words.slice(1),
    given,
    settings: settingsOf({ ...draft, values }),
    warnings: [...warnings],
  };
}

function understand(argv: readonly string[], draft: Draft): Command {
  const { table, around } = draft;
  const words: string[] = [];
  for (const item of scan(argv, table)) {
    if (item.kind === 'positional') {
      words.push(item.word);
      continue;
    }
    const { option } = item.spelling;
    if (option.kind === 'answer') {
      return { action: option.answer, ...(option.answer === 'help' && actionOfHelp(words)) };
    }
    apply(draft, item.spelling, item.words);
  }

  const asked = actionAskedAbout(words);
  if (asked !== undefined) return { action: 'help', ...asked };

  const request = readPositionals(words, {
    around,
    timeSeparator: String(draft.values['timeSeparator']),
    warn: (text) => void draft.warnings.add(text),
  });
  draft.values['selection'] = draft.rules;
  const settings = draft.values as Settings;
  return {
    ...request,
    settings: checked(settings, request, draft.warnings),
    archiveDir: archiveOf(request, settings, around),
    warnings: [...draft.warnings],
  };
}

/**
 * That of the place which is written to. A mirror has one of its own at the other place, whatever `--name` says: that is
 * the name of the backup which may run meanwhile.
 */
function archiveOf(request: Request, settings: Settings, around: Surroundings): string {
  if (request.action === 'mirror') return archiveDirOf({ ...settings, name: undefined }, request.targetUrl, around);
  return archiveDirOf(settings, request.action === 'replicate' ? request.targetUrl : request.url, around);
}

function settingsOf({ values, rules }: Draft): Settings {
  const settings: Record<string, unknown> = { ...values, selection: rules };
  return settings as Settings;
}

function apply(draft: Draft, { name, option, fixed }: Spelling, words: readonly string[]): void {
  for (const text of [option.deprecated, option.warning]) {
    if (text !== undefined) draft.warnings.add(text);
  }
  const { values, around } = draft;
  const context = {
    flag: option.flag,
    around,
    timeSeparator: String(values['timeSeparator']),
    warn: (warning: string) => void draft.warnings.add(warning),
  };
  switch (option.kind) {
    case 'option': {
      const value = fixed ? fixed.value : option.read(words, context);
      values[name] = option.merge ? option.merge(values[name], value) : value;
      return;
    }
    case 'rule':
      draft.rules.push(...option.read(words, context));
      return;
    case 'shorthand':
      for (const flag of option.standsFor) apply(draft, spelled(draft.table, flag), words);
      return;
    case 'retired':
    case 'answer':
      return;
  }
}

function spelled(table: Spellings, flag: Flag): Spelling {
  const found = table.long.get(flag);
  if (!found) throw new Error(`the option table lacks ${flag}`);
  return found;
}

/** The few combinations the reference refuses or ignores. */
function checked(settings: Settings, { action }: Request, warnings: Set<string>): Settings {
  switch (action) {
    case 'full':
    case 'incremental':
    case 'backup':
      if (settings.pathToRestore !== undefined) {
        throw new UsageError('COMMAND_LINE', '--path-to-restore (--file-to-restore) does not go with a backup.');
      }
      if ([settings.s3UseRrs, settings.s3UseIa, settings.s3UseOnezoneIa].filter(Boolean).length > 1) {
        throw new UsageError(
          'COMMAND_LINE',
          'Only one of --s3-use-rrs, --s3-use-ia and --s3-use-onezone-ia may be given.',
        );
      }
      return settings;
    case 'restore':
      if (settings.selection.length === 0) return settings;
      warnings.add(
        'Command line warning: Selection options --exclude/--include and the like have no effect on a restore.',
      );
      return { ...settings, selection: [] };
    default:
      return settings;
  }
}
