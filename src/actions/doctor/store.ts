import { randomBytes } from 'node:crypto';
import { statfsSync } from 'node:fs';
import type { Backend, Call } from '../../backends/backend.ts';
import { isNotThere } from '../../backends/failures/not-there.ts';
import { PROBE, probeBody } from '../../repository/preflight/may-store.ts';
import type { Repository } from '../../repository/repository.ts';
import { BackendError } from '../../errors/errors.ts';
import { failed, type Finding, megabytes, ok, trouble, warning } from './finding.ts';

/** What the account may do: a few bytes are stored under a name of their own, read and deleted. */
export async function rights({ backend, prefixes, call }: Repository): Promise<readonly Finding[]> {
  const name = `${prefixes.all}${PROBE}-${randomBytes(4).toString('hex')}`;
  const content = `a probe of duplicity ${name}\n`;
  try {
    await backend.put(name, probeBody(content), call);
  } catch (error) {
    return [failed('storing', error)];
  }
  const findings = [ok('storing', 'files can be stored')];
  try {
    const read = await backend.get(name, textOf, call);
    findings.push(
      read === content
        ? ok('reading', 'what was stored comes back')
        : trouble('reading', 'what was stored comes back changed', 'Look at the place with another program.'),
    );
  } catch (error) {
    findings.push(failed('reading', error, 'warning'));
  }
  return [...findings, await deletion(backend, name, call)];
}

async function deletion(backend: Backend, name: string, call: Call): Promise<Finding> {
  try {
    await backend.delete(name, call);
    return ok('deleting', 'files can be deleted');
  } catch (error) {
    if (!(error instanceof BackendError)) throw error;
    const text = `files cannot be deleted: an append-only place, where ${name} stays (${failed('', error).text})`;
    return warning('deleting', text, 'If that is meant, all is well: prune and the like need another account.');
  }
}

async function textOf(bytes: AsyncIterable<Buffer>): Promise<string> {
  const blocks: Buffer[] = [];
  for await (const block of bytes) blocks.push(block);
  return Buffer.concat(blocks).toString();
}

/** Where the place is a directory of this machine. */
export function space({ traits: { directories = [] } }: Backend): readonly Finding[] {
  return directories.map((directory) => {
    const { bavail, bsize } = statfsSync(directory);
    const free = bavail * bsize;
    const text = `${directory}, ${megabytes(free)} free`;
    return free < SCARCE
      ? warning('store space', text, 'Make room: old backups are removed by "prune".')
      : ok('store space', text);
  });
}

const SCARCE = 1024 * 1024 * 1024;

/** What the kind of place can do. */
export function abilities(backend: Backend): Finding {
  const able = [
    [backend.traits.atomicPut, 'uploads that are cut off leave nothing under their name'],
    ['copy' in backend, 'copies files itself'],
    ['checksum' in backend, 'tells checksums'],
    ['getRange' in backend, 'sends parts of files'],
  ] as const;
  const [can, cannot] = [true, false].map((is) => able.flatMap(([has, what]) => (has === is ? [what] : [])));
  const not = cannot?.length === 0 ? '' : `; not: ${cannot?.join(', ')}`;
  return ok('abilities', `${can?.join(', ') || 'the least'}${not}`);
}

/** Why nothing of the place can be looked at. */
export function unreachable(error: unknown): Finding {
  if (!isNotThere(error)) return failed('store', error);
  const { text } = failed('store', error);
  const hint = 'The first backup makes it, where it may. If there should be one, check the URL and what is mounted.';
  return warning('store', text, hint);
}
