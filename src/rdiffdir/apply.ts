import { closeSync, constants, fstatSync, openSync, readSync, realpathSync } from 'node:fs';
import { DifftarStream } from '../archive/difftar.ts';
import type { Entry } from '../archive/entry.ts';
import { archivedOwner } from '../repository/source/archived-owner.ts';
import { IntegrityError, LocalError } from '../errors/errors.ts';
import { applyDelta, drain } from '../pipeline/unpack/rebuild.ts';
import type { Basis } from '../rsync/patch.ts';
import { statPath } from '../source/stat.ts';
import type { Content } from '../target/file-writer.ts';
import { TreeWriter } from '../target/tree-writer.ts';
import { type BytePath, bytePath, joinPath, ROOT, toFs, toScreen, shown } from '../util/bytepath.ts';
import { errorCode, isErrno } from '../util/errno.ts';
import { archiveBytes } from './archive-input.ts';
import type { RdiffRequest } from './command-line.ts';
import type { Context } from './context.ts';

type PatchRequest = Extract<RdiffRequest, { readonly action: 'patch' }>;

/** Makes a directory what it was when the delta was made; one that is not there is made from an archive of everything. */
export async function patch(request: PatchRequest, context: Context): Promise<void> {
  const { settings, emit, accounts, signal } = context;
  const { delta } = request;
  // The link itself would be replaced.
  const target = request.throughLink === true ? behindLink(request.target) : request.target;
  const name = toScreen(delta);
  let passedOver = 0;
  const stream = new DifftarStream(one({ name, bytes: archiveBytes(delta, signal) }), {
    onWarning: ({ file, ...warning }) => {
      if (warning.kind === 'unreadable') throw warning.error;
      passedOver++;
      emit({ kind: 'warning', text: `${file}: ${toScreen(warning.path)} does not stand in order and is left out.` });
    },
  });
  const writer = new TreeWriter({
    target,
    ownerOf: (meta) => archivedOwner({ accounts, numericOwner: false }, meta),
    tolerant: settings.ignoreErrors,
    keepsTimes: true,
    emit,
  });
  const whole: Content = (take) => drain(stream, take);
  try {
    for (;;) {
      const entry = await stream.next();
      if (entry === undefined) break;
      signal.throwIfAborted();
      if (entry.kind === 'deleted') {
        if (entry.path !== ROOT) writer.remove(entry.path);
        continue;
      }
      if (entry.meta.type !== 'dir' && entry.path !== ROOT) writer.remove(entry.path, 'directory');
      const content: Content = entry.kind === 'diff' ? (take) => patched(entry, target, stream, take) : whole;
      await writer.write(entry, content);
    }
  } finally {
    writer.finish();
    await stream.close();
  }
  const missing = writer.failures + passedOver;
  if (missing === 0) return;
  throw new LocalError(
    'INCOMPLETE',
    `${toScreen(target)} is incomplete: ${missing} of its entries could not be patched.`,
    {
      hint: 'The warnings above name them.',
    },
  );
}

function behindLink(path: BytePath): BytePath {
  return statPath(path, 'follow')?.isDirectory() === true ? bytePath(realpathSync(toFs(path), 'latin1')) : path;
}

async function patched(
  { path }: Entry,
  target: BytePath,
  stream: DifftarStream,
  take: Parameters<Content>[0],
): Promise<void> {
  const basis = openBasis(path, path === ROOT ? target : joinPath(target, path));
  try {
    await applyDelta(stream, basis, take, shown(path));
  } finally {
    basis.close();
  }
}

/** The file that a delta is for. A link in its place is not followed. */
function openBasis(path: BytePath, full: string): Basis & { readonly close: () => void } {
  let fd: number;
  try {
    fd = openSync(toFs(full), constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (isErrno(error) && !['ENOENT', 'ELOOP', 'ENXIO'].includes(errorCode(error) ?? '')) throw error;
    throw noBasis(path);
  }
  const close = (): void => closeSync(fd);
  const there = fstatSync(fd);
  if (!there.isFile()) {
    close();
    throw noBasis(path);
  }
  return { size: there.size, read: (into, position) => readSync(fd, into, 0, into.length, position), close };
}

function noBasis(path: BytePath): IntegrityError {
  return new IntegrityError(
    'DAMAGED',
    `${shown(path)} cannot be patched: the file that the delta is for is not there.`,
    {
      hint: 'Patch the directory that the signature was made of, or go on with --ignore-errors.',
    },
  );
}

async function* one<T>(value: T): AsyncGenerator<T> {
  yield value;
}
