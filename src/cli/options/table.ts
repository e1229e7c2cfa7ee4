import { BACKENDS } from './backends.ts';
import { BACKUP } from './backup.ts';
import { CHECK } from './check.ts';
import { DRILL } from './drill.ts';
import { ENCRYPTION, ENCRYPTION_SHORTHANDS } from './encryption.ts';
import { ANSWERS, GENERAL } from './general.ts';
import { LOGGING } from './logging.ts';
import { OBJECT_STORES } from './objectstores.ts';
import type { AnyOption, Flag, Option, Release } from './option.ts';
import { PROFILE } from './profile.ts';
import { PRUNE } from './prune.ts';
import { RECOVERY } from './recovery.ts';
import { REKEY } from './rekey.ts';
import { RESTORE } from './restore.ts';
import { RETIRED } from './retired.ts';
import { ROLES } from './roles.ts';
import { SELECTION } from './selection.ts';
import { SQUASH } from './squash.ts';

/** Every option that has a setting of its own. The setting is named like the main flag in camel case. */
export const OPTIONS = {
  ...GENERAL,
  ...LOGGING,
  ...BACKUP,
  ...RESTORE,
  ...PRUNE,
  ...SQUASH,
  ...CHECK,
  ...DRILL,
  ...RECOVERY,
  ...ROLES,
  ...REKEY,
  ...PROFILE,
  ...ENCRYPTION,
  ...BACKENDS,
  ...OBJECT_STORES,
} as const satisfies Record<string, Option<unknown>>;

/** Every option, by the topics of the help text. */
export const TOPICS: readonly { readonly title: string; readonly options: Readonly<Record<string, AnyOption>> }[] = [
  { title: 'General', options: { ...GENERAL, ...ANSWERS } },
  { title: 'Messages', options: LOGGING },
  { title: 'Backup', options: BACKUP },
  { title: 'Selection of files', options: SELECTION },
  { title: 'Restore, verify, list and status', options: RESTORE },
  { title: 'Prune', options: PRUNE },
  { title: 'Squash', options: SQUASH },
  { title: 'Check', options: CHECK },
  { title: 'Drill', options: DRILL },
  { title: 'Recovery kit', options: RECOVERY },
  { title: 'Roles', options: ROLES },
  { title: 'Rekey', options: REKEY },
  { title: 'Profiles', options: PROFILE },
  { title: 'Encryption', options: { ...ENCRYPTION, ...ENCRYPTION_SHORTHANDS } },
  { title: 'Back ends', options: BACKENDS },
  { title: 'Object stores', options: OBJECT_STORES },
  { title: 'Retired', options: RETIRED },
];

/** One spelling of an option. */
export interface Spelling {
  /** Name in the table, for `option` also the name of the setting. */
  readonly name: string;
  readonly option: AnyOption;
  readonly flag: Flag;
  readonly release: Release;
  /** This spelling takes no value and means this one. */
  readonly fixed?: { readonly value: unknown };
}

export interface Spellings {
  readonly long: ReadonlyMap<string, Spelling>;
  /** By letter. */
  readonly short: ReadonlyMap<string, Spelling>;
}

export function spellings(): Spellings {
  const long = new Map<string, Spelling>();
  const short = new Map<string, Spelling>();
  const add = (spelling: Spelling, letter: string | undefined): void => {
    long.set(spelling.flag, spelling);
    if (letter !== undefined) short.set(letter, spelling);
  };
  for (const { options } of TOPICS) {
    for (const [name, option] of Object.entries(options)) {
      add({ name, option, flag: option.flag, release: option.release }, option.short);
      if (option.kind !== 'option') continue;
      for (const { flag, short: letter, release, ...rest } of option.aliases ?? []) {
        const fixed = 'sets' in rest ? { fixed: { value: rest.sets } } : {};
        add({ name, option, flag, release, ...fixed }, letter);
      }
    }
  }
  return { long, short };
}

/** How many words an option takes after itself. */
export function arity({ option, fixed }: Spelling): number {
  return fixed || option.value === undefined ? 0 : option.value.split(' ').length;
}
