import { checkRole } from '../../actions/roles/check-role.ts';
import { roles } from '../../actions/roles/roles.ts';
import { LocalError, UsageError } from '../../errors/errors.ts';
import type { Repository } from '../../repository/repository.ts';
import { report } from '../../ui/results/report.ts';
import { roleText, roleVerdict, trialText } from '../../ui/upkeep/roles-text.ts';
import type { Settings } from '../settings.ts';

/** Rights that are too wide, or too narrow, are a failure of their own. */
export async function runRoles(repository: Repository, { role, check }: Settings): Promise<number> {
  const { emit, url } = repository;
  const result = roles(url, role && [role]);
  if (!check) {
    for (const one of result.roles) emit({ kind: 'forced', text: roleText(one) });
    report(emit, 'roles', result);
    return 0;
  }
  const [policy] = result.roles;
  if (role === undefined || policy === undefined) {
    throw new UsageError('COMMAND_LINE', 'roles --check needs --role ROLE.', {
      hint: 'Say which role the credentials at hand are to have: backup, keeper, pruner or restorer.',
    });
  }
  const checked = await checkRole(repository, policy);
  for (const trial of checked.trials) emit({ kind: 'forced', text: trialText(trial) });
  if (checked.left !== undefined) {
    const text = `${checked.left} could not be deleted and stays: the pruner's "roles --check" removes it.`;
    emit({ kind: 'forced', text });
  }
  report(emit, 'roles', checked);
  const text = roleVerdict(checked);
  if (!checked.isRight) {
    throw new LocalError('RIGHTS_DIFFER', text, {
      hint: `What that role needs at the least is printed by "roles --role ${role} URL".`,
    });
  }
  emit({ kind: 'forced', text });
  return 0;
}
