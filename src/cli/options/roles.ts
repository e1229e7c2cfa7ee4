import { ROLES as NAMES, type Role } from '../../actions/roles/role.ts';
import { UsageError } from '../../errors/errors.ts';
import { option, toggle } from './option.ts';

/** Whose rights `roles` is about. */
export const ROLES = {
  role: option<Role | undefined>({
    flag: '--role',
    value: 'ROLE',
    release: 'ours',
    actions: ['roles'],
    default: undefined,
    read: ([word = '']) => {
      const role = NAMES.find((name) => name === word);
      if (role !== undefined) return role;
      throw new UsageError('COMMAND_LINE', `--role needs one of ${NAMES.join(', ')}, not '${word}'.`);
    },
    help: 'Only this one: backup, keeper, pruner or restorer.',
  }),
  check: toggle({
    flag: '--check',
    release: 'ours',
    actions: ['roles'],
    help: 'Try whether the credentials at hand may do what --role needs, and no more.',
  }),
} as const;
