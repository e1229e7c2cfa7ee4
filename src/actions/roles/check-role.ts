import { randomBytes } from 'node:crypto';
import type { RemoteFile } from '../../backends/backend.ts';
import { BackendError } from '../../errors/errors.ts';
import { probeBody } from '../../repository/preflight/may-store.ts';
import { readHead } from '../../repository/read-head.ts';
import type { Repository } from '../../repository/repository.ts';
import { type Need, type Right, RIGHTS } from './role.ts';
import type { RolePolicy } from './roles.ts';

/** No program takes files of such names for those of a backup. */
const OWN = 'duplicity-role-';

/** What became of one trial. */
export interface Trial {
  readonly right: Right;
  readonly need: Need;
  /** `unknown`: it could not be tried, or what the store says tells nothing. */
  readonly found: 'allowed' | 'refused' | 'unknown';
  readonly verdict: 'right' | 'too little' | 'too much' | 'unknown';
  /** What the store said, or why it was not tried. */
  readonly detail?: string | undefined;
}

export interface RoleCheckResult {
  readonly role: RolePolicy['role'];
  readonly trials: readonly Trial[];
  /** A name that was stored and could not be deleted. */
  readonly left: string | undefined;
  /** Nothing is too much or too little, as far as it could be tried. */
  readonly isRight: boolean;
}

type Finding = Pick<Trial, 'found' | 'detail'>;

/**
 * Tries with the credentials at hand what a role needs, and what it must not be able to do: on names of its own, which it
 * deletes again where it can. Of files of backups the first bytes of one are read, and nothing else is done.
 */
export async function checkRole(repository: Repository, { role, needs }: RolePolicy): Promise<RoleCheckResult> {
  const { backend, call, prefixes } = repository;
  const own = `${prefixes.all}${OWN}`;
  const name = `${own}${randomBytes(4).toString('hex')}`;
  let files: readonly RemoteFile[] = [];
  const list = await attempt(async () => {
    files = await filesOf(repository);
  });
  const store = await attempt(() => backend.put(name, probeBody('first\n'), call));
  const isStored = store.found === 'allowed';
  const read = await reading(repository, { files, name: isStored ? name : undefined });
  // What another role has left is a file of our own, too.
  const target = isStored ? name : files.find((file) => file.name.startsWith(own))?.name;
  const overwrite = isStored ? await overwriting(repository, name) : untried(store);
  const deletion = await deleting(repository, target, name);
  const found: Readonly<Record<Right, Finding>> = { list, read, store, overwrite, delete: deletion };
  const trials = RIGHTS.map((right): Trial => ({
    right,
    need: needs[right],
    ...found[right],
    verdict: verdictOn(needs[right], found[right].found),
  }));
  const isRight = trials.every(({ verdict }) => verdict === 'right' || verdict === 'unknown');
  return { role, trials, left: isStored && deletion.found !== 'allowed' ? name : undefined, isRight };
}

function verdictOn(need: Need, found: Trial['found']): Trial['verdict'] {
  if (need === 'may') return 'right';
  if (found === 'unknown') return 'unknown';
  if (need === 'must') return found === 'allowed' ? 'right' : 'too little';
  return found === 'refused' ? 'right' : 'too much';
}

async function attempt(act: () => Promise<unknown>): Promise<Finding> {
  try {
    await act();
    return { found: 'allowed' };
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    const detail = error.message.replace(/^Giving up after \d+ attempts\. (?:\w+: )?/, '');
    return { found: error.code === 'BACKEND_PERMISSION_DENIED' ? 'refused' : 'unknown', detail };
  }
}

/** What may not be stored may not be stored over something either. */
function untried({ found, detail }: Finding): Finding {
  return found === 'refused' ? { found, detail: 'nothing can be stored' } : { found: 'unknown', detail };
}

async function filesOf({ backend, call }: Repository): Promise<readonly RemoteFile[]> {
  const files: RemoteFile[] = [];
  for await (const file of backend.list(call)) files.push(file);
  return files;
}

async function reading(
  repository: Repository,
  { files, name }: { readonly files: readonly RemoteFile[]; readonly name: string | undefined },
): Promise<Finding> {
  const smallest = files.toSorted((a, b) => (a.size ?? Infinity) - (b.size ?? Infinity)).find(({ size }) => size !== 0);
  const known = name ?? smallest?.name;
  if (known === undefined) return { found: 'unknown', detail: 'there is no file to read' };
  return attempt(() => readHead(repository, known, 1));
}

/** Some stores take what they are sent, and keep what they have. */
async function overwriting(repository: Repository, name: string): Promise<Finding> {
  const { backend, call } = repository;
  const second = 'second, which is longer\n';
  const put = await attempt(() => backend.put(name, probeBody(second), call));
  if (put.found !== 'allowed') return put;
  const size = (await filesOf(repository).catch(() => [])).find((file) => file.name === name)?.size;
  if (size === undefined || size === second.length) return put;
  return { found: 'refused', detail: 'the store keeps what it has' };
}

async function deleting(repository: Repository, target: string | undefined, absent: string): Promise<Finding> {
  const { backend, call } = repository;
  const deletion = await attempt(() => backend.delete(target ?? absent, call));
  if (deletion.found !== 'allowed') return deletion;
  if (target === undefined) {
    // Many stores say the same of what is not there, whoever asks.
    const detail = `there is no file of ours to delete: let "roles --check --role backup" of the backup host leave one`;
    return { found: 'unknown', detail };
  }
  const isThere = (await filesOf(repository).catch(() => [])).some((file) => file.name === target);
  return isThere ? { found: 'refused', detail: 'it is still there' } : deletion;
}
