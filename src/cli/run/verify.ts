import { verify } from '../../actions/verify/verify.ts';
import { refuseWarnings } from '../../events/strict.ts';
import type { Repository } from '../../repository/repository.ts';
import { report } from '../../ui/results/report.ts';
import type { BytePath } from '../../util/bytepath.ts';
import type { Settings } from '../settings.ts';

interface VerifyRequest {
  readonly target: BytePath;
  readonly throughLink?: true;
}

/** 1 when anything differs or could not be read. */
export function runVerify(repository: Repository, settings: Settings, request: VerifyRequest): Promise<number> {
  const { time, pathToRestore: paths, ignoreErrors, signKey: signer, numericOwner, compareData } = settings;
  const { selection, copyLinks, nullSeparator } = settings;
  const against = { path: request.target, throughLink: request.throughLink };
  const seen = { against, selection, copyLinks, nullSeparator };
  return refuseWarnings(repository, settings, async (strict) => {
    const options = { ...seen, time, paths, ignoreErrors, signer, numericOwner, compareData };
    const result = await verify(strict, options);
    const { compared, differences, damaged } = result;
    strict.emit({ kind: 'verified', compared, differences });
    report(strict.emit, 'verify', result);
    return differences > 0 || damaged > 0 ? 1 : 0;
  });
}
