import type { Surroundings } from '../../cli/surroundings.ts';
import { UsageError } from '../../errors/errors.ts';
import { errorCode } from '../../util/errno.ts';
import { type Draft, newDraft } from '../write/draft.ts';
import type { TargetContext } from '../write/targets.ts';
import { importCrontab } from './crontab.ts';
import { importDuply } from './duply.ts';
import { importTecnativa } from './tecnativa.ts';

/** Where profiles can be taken from, as `KIND:WHAT`. */
const KINDS = ['duply:NAME', 'borgmatic:FILE', 'tecnativa:ENVFILE', 'crontab:FILE-OR-LINE'] as const;

/** A profile made of what another program is told; secrets become sources, what does not fit a comment at its end. */
export async function importProfile(word: string, secrets: string, around: Surroundings): Promise<Draft> {
  const [, kind = '', what = ''] = /^(\w+):([^]+)$/.exec(word) ?? [];
  const draft = newDraft(`Made from ${kind === 'crontab' && !isFile(what, around) ? 'a line of a crontab' : word}.`);
  const base = what.replace(/\/+$/, '').split('/').at(-1) ?? '';
  const context: TargetContext = { name: base.replace(/\.\w+$/, '').replace(/[^\w-]/g, '') || kind, secrets };
  switch (kind) {
    case 'duply':
      importDuply(what, context, draft, around);
      return draft;
    case 'tecnativa':
      importTecnativa(read(what, around), what, context, draft);
      return draft;
    case 'borgmatic': {
      const { importBorgmatic } = await import('./borgmatic.ts');
      importBorgmatic(read(what, around), what, context, draft);
      return draft;
    }
    case 'crontab': {
      const isPath = isFile(what, around);
      const named = isPath ? context : { ...context, name: 'crontab' };
      importCrontab(isPath ? read(what, around) : what, isPath ? what : 'the line', around.env, named, draft);
      return draft;
    }
    default:
      throw new UsageError('BAD_PROFILE', 'profile import takes what another program is told.', {
        hint: `Write ${KINDS.join(', ')}.`,
      });
  }
}

function isFile(what: string, around: Surroundings): boolean {
  try {
    around.readFile(what);
    return true;
  } catch {
    return false;
  }
}

function read(file: string, around: Surroundings): string {
  try {
    return around
      .readFile(file)
      .toString('utf8')
      .replace(/^\ufeff/, '');
  } catch (cause) {
    throw new UsageError('BAD_PROFILE', `Cannot read ${file}: ${errorCode(cause) ?? String(cause)}.`, { cause });
  }
}
