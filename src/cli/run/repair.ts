import { repair } from '../../actions/repair/repair.ts';
import type { Backend } from '../../backends/backend.ts';
import { IntegrityError, UsageError } from '../../errors/errors.ts';
import { openRemote } from '../../pipeline/remote.ts';
import type { Repository } from '../../repository/repository.ts';
import { report } from '../../ui/results/report.ts';
import { mendedText, notRepairedText, repairedText, unmendedText } from '../../ui/upkeep/repair-text.ts';
import type { BytePath } from '../../util/bytepath.ts';
import type { Settings } from '../settings.ts';

/** What could not be made again is a failure of its own: who reads nothing but errors is to hear of it. */
export async function runRepair(
  repository: Repository,
  { from }: Settings,
  { original: source }: { readonly original: BytePath | undefined },
  open: (url: string) => Promise<Backend>,
): Promise<number> {
  if (typeof from === 'number') {
    throw new UsageError('COMMAND_LINE', 'repair takes a URL behind --from: the place of a copy of the backup.');
  }
  const { emit } = repository;
  await using backend = from === undefined ? undefined : await open(from);
  const other = backend && { backend, remote: openRemote({ ...repository, backend }) };
  const result = await repair(repository, { source, other });
  for (const one of result.mended) emit({ kind: 'forced', text: mendedText(one, result) });
  for (const one of result.unmended) emit({ kind: 'forced', text: unmendedText(one) });
  report(emit, 'repair', result);
  if (result.unmended.length > 0) {
    const hint = 'What is there of it can be restored with "restore --salvage"; a full backup now is whole again.';
    throw new IntegrityError('NOT_REPAIRED', notRepairedText(result), { hint });
  }
  emit({ kind: 'forced', text: repairedText(result) });
  return 0;
}
