import { prune } from '../../actions/remove/prune.ts';
import type { Policy } from '../../collections/prune/policy.ts';
import type { Repository } from '../../repository/repository.ts';
import { report } from '../../ui/results/report.ts';
import { pruneEnd } from '../../ui/upkeep/prune-text.ts';
import type { Settings } from '../settings.ts';
import { squashRules } from './squash.ts';

/** Shows what a policy keeps, and with `--force` deletes the rest. */
export async function runPrune(repository: Repository, settings: Settings): Promise<number> {
  const result = await prune(repository, {
    policy: policyOf(settings),
    force: settings.force,
    ...(settings.squash && { squash: squashRules(settings) }),
  });
  repository.emit({ kind: 'notice', text: pruneEnd(result) });
  report(repository.emit, 'prune', result);
  return 0;
}

/** What the options of the command line mean to `prune`. */
function policyOf(settings: Settings): Policy {
  return {
    last: settings.keepLast,
    within: settings.keepWithin,
    hourly: settings.keepHourly,
    daily: settings.keepDaily,
    weekly: settings.keepWeekly,
    monthly: settings.keepMonthly,
    yearly: settings.keepYearly,
  };
}
