import { validateBackend } from '../../actions/validate/validate-backend.ts';
import { CODES } from '../../errors/codes.ts';
import type { Repository } from '../../repository/repository.ts';
import { report } from '../../ui/results/report.ts';
import { verdictLines } from '../../ui/upkeep/validation-text.ts';

/** 0, or the number of the first failure. */
export async function runValidate(repository: Repository): Promise<number> {
  const result = await validateBackend(repository);
  for (const text of verdictLines(result)) repository.emit({ kind: 'forced', text });
  report(repository.emit, 'validate-backend', result);
  const code = result.checks.find(({ isGood }) => !isGood)?.code;
  return code === undefined ? 0 : CODES[code];
}
