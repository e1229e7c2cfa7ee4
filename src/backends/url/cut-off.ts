import { UsageError } from '../../errors/errors.ts';
import { redact, type BackendUrl } from './url.ts';

/**
 * Refuses a `#`, or a `?` that the driver does not take: it would cut the URL off, and the backup would lie in another
 * place than the one that is written there.
 */
export function refuseCutOff(url: BackendUrl, takesQuery: boolean): void {
  const mark = url.query !== undefined && !takesQuery ? '?' : url.fragment !== undefined ? '#' : undefined;
  if (mark === undefined) return;
  const text = url.original.reveal();
  const at = text.indexOf(mark);
  const rest = text.slice(at).replaceAll('#', '%23').replaceAll('?', '%3F');
  const [whole, before] = [redact(text.slice(0, at) + rest), redact(text.slice(0, at))];
  throw new UsageError(
    'USER_ERROR',
    `InvalidBackendURL: The ${mark} in ${redact(text)} would cut the URL off: write %23 for a # and %3F for a ?.`,
    {
      exception: 'InvalidBackendURL',
      hint: `The place with that name: ${whole} The place that is meant without it: ${before}`,
    },
  );
}
