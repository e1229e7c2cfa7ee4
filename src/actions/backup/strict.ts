import { LocalError } from '../../errors/errors.ts';
import { counted } from '../../util/counted.ts';
import type { Session } from '../session.ts';

/** `--strict`: what a backup could not read makes it fail, though its set is stored. */
export function refuseErrors({ settings }: { readonly settings: { readonly strict: boolean } }, errors: number): void {
  if (!settings.strict || errors === 0) return;
  throw new LocalError('STRICT', `${counted(errors, 'entry', 'entries')} of the source could not be read.`, {
    hint: 'The warnings above name them; all else is stored. Without --strict this is no failure.',
  });
}

/** `--strict`: warnings make an action fail that has done its work. */
export async function refuseWarnings(session: Session, act: (session: Session) => Promise<number>): Promise<number> {
  if (!session.settings.strict) return act(session);
  let warnings = 0;
  const status = await act({
    ...session,
    emit: (event) => {
      if (event.kind === 'warning') warnings++;
      session.emit(event);
    },
  });
  if (status !== 0 || warnings === 0) return status;
  throw new LocalError('STRICT', `There ${warnings === 1 ? 'was 1 warning' : `were ${warnings} warnings`}.`, {
    hint: 'See above. Without --strict this is no failure.',
  });
}
