import { parseUrl } from '../../backends/url/url.ts';
import { policiesOf } from './policies/policies.ts';
import { type Needs, type Policy, type Role, ROLES } from './role.ts';

/** The least rights of one role at one place. */
export interface RolePolicy {
  readonly role: Role;
  readonly purpose: string;
  readonly needs: Needs;
  readonly policies: readonly Policy[];
  /** What no policy says. */
  readonly notes: readonly string[];
}

export interface RolesResult {
  readonly scheme: string;
  readonly roles: readonly RolePolicy[];
}

const PURPOSES: Readonly<Record<Role, string>> = {
  backup: 'adds backups, and can take none away',
  keeper: 'checks what is stored, with "check" and "mirror", and changes nothing',
  pruner: 'removes old backups, with "prune", "remove-…" and "cleanup"',
  restorer: 'reads backups, and changes nothing',
};

/** What each role takes where a store can tell all of it apart. */
const LEAST: Readonly<Record<Role, Needs>> = {
  backup: { list: 'must', read: 'must', store: 'must', overwrite: 'must not', delete: 'must not' },
  keeper: { list: 'must', read: 'must', store: 'must not', overwrite: 'must not', delete: 'must not' },
  pruner: { list: 'must', read: 'may', store: 'must not', overwrite: 'must not', delete: 'must' },
  restorer: { list: 'must', read: 'must', store: 'must not', overwrite: 'must not', delete: 'must not' },
};

/** The least rights at the place of a URL: nothing is asked there. */
export function roles(url: string, wanted: readonly Role[] = ROLES): RolesResult {
  const place = parseUrl(url);
  const found = wanted.map((role): RolePolicy => {
    const { policies, notes = [], blurs = [] } = policiesOf(place, role);
    const needs = { ...LEAST[role] };
    for (const right of blurs) needs[right] = 'may';
    return { role, purpose: PURPOSES[role], needs, policies, notes };
  });
  return { scheme: place.scheme, roles: found };
}
