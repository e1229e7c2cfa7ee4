import { check } from '../../actions/check/check.ts';
import { IntegrityError, UsageError } from '../../errors/errors.ts';
import type { Repository } from '../../repository/repository.ts';
import { report } from '../../ui/results/report.ts';
import { checkLines, damageText, verdictText } from '../../ui/upkeep/check-text.ts';
import type { Settings } from '../settings.ts';

/** Damage is a failure of its own: who reads nothing but errors is to hear of it. */
export async function runCheck(repository: Repository, settings: Settings): Promise<number> {
  const {
    percent,
    budget,
    olderThan: notSince,
    set: time,
    readData: readsData,
    deep,
    forgetMissing: forgetsMissing,
  } = settings;
  if (deep && (percent !== undefined || budget !== undefined || notSince !== undefined)) {
    throw new UsageError(
      'COMMAND_LINE',
      '--deep reads whole chains: it does not go with --percent, --budget and --older-than.',
      { hint: 'Choose a chain with --set.' },
    );
  }
  const { emit } = repository;
  const result = await check(repository, { percent, budget, notSince, time, readsData, deep, forgetsMissing });
  for (const damage of result.damage) emit({ kind: 'forced', text: damageText(damage) });
  for (const text of checkLines(result)) emit({ kind: 'forced', text });
  report(emit, 'check', result);
  if (result.damage.length > 0) {
    const hint = 'What was found above tells what is lost, and what can be done.';
    throw new IntegrityError('DAMAGE_FOUND', verdictText(result), { hint });
  }
  emit({ kind: 'forced', text: verdictText(result) });
  return 0;
}
