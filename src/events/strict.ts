import { LocalError } from '../errors/errors.ts';
import { counted } from '../util/counted.ts';
import type { Emit } from './events.ts';

interface Strictness {
  readonly strict: boolean;
}

/** `--strict`: what could not be read of a source makes a run fail, though all else is stored. */
export function refuseErrors(errors: number, { strict }: Strictness): void {
  if (!strict || errors === 0) return;
  throw new LocalError('STRICT', `${counted(errors, 'entry', 'entries')} of the source could not be read.`, {
    hint: 'The warnings above name them; all else is stored. Without --strict this is no failure.',
  });
}

/** `--strict`: warnings make an action fail that has done its work. */
export async function refuseWarnings<Run extends { readonly emit: Emit }>(
  run: Run,
  { strict }: Strictness,
  act: (run: Run) => Promise<number>,
): Promise<number> {
  if (!strict) return act(run);
  let warnings = 0;
  const status = await act({
    ...run,
    emit: (event) => {
      if (event.kind === 'warning' || event.kind === 'collectionWarning') warnings++;
      run.emit(event);
    },
  });
  if (status !== 0 || warnings === 0) return status;
  throw new LocalError('STRICT', `There ${warnings === 1 ? 'was 1 warning' : `were ${warnings} warnings`}.`, {
    hint: 'See above. Without --strict this is no failure.',
  });
}
