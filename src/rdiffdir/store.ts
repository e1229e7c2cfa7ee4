import type { EntryStream } from '../archive/entry.ts';
import { rolledForward } from '../archive/rolled-forward.ts';
import { SigtarStream } from '../archive/sigtar.ts';
import { trailer } from '../archive/tar/tar-writer.ts';
import { archivedOwner } from '../repository/source/archived-owner.ts';
import { openSource, type Source } from '../repository/source/source-tree.ts';
import { refuseErrors } from '../events/strict.ts';
import type { EncodedFile } from '../crypto/codec.ts';
import { fileBlocks } from '../crypto/read-file.ts';
import { emptyStatistics } from '../events/statistics.ts';
import { FILES_LEVEL } from '../events/events.ts';
import { Comparison } from '../pipeline/compare/compare.ts';
import { Producer, type SignatureSink } from '../pipeline/pack/producer.ts';
import { SigtarFile } from '../pipeline/pack/sigtar-file.ts';
import { VolumePacker } from '../pipeline/pack/volume-packer.ts';
import { statPath } from '../source/stat.ts';
import { toScreen } from '../util/bytepath.ts';
import { encodeName } from '../util/text/text.ts';
import { othersTurn } from '../util/others-turn.ts';
import { archiveBytes } from './archive-input.ts';
import { checkAbsent, discardedOutput, openOutput } from './archive-output.ts';
import type { ArchivePath, RdiffRequest } from './command-line.ts';
import type { Context } from './context.ts';

/** Changes after which others get their turn, signals above all. */
const STRIDE = 256;

const NO_SIGNATURES: SignatureSink = { discards: true, hold: () => undefined, add: () => undefined };

type StoreRequest = Exclude<RdiffRequest, { readonly action: 'patch' }>;

/** Writes what a directory holds: its signature, all of it, or what differs from signatures. */
export async function store(request: StoreRequest, context: Context): Promise<void> {
  const { settings } = context;
  const isSignature = request.action === 'sig';
  const extra = isSignature || settings.writeSigTo === '' ? undefined : encodeName(settings.writeSigTo);
  const sigPath = isSignature ? request.output : extra;
  checkAbsent(request.output);
  if (extra !== undefined) checkAbsent(extra);

  const signatures = sigPath === undefined ? undefined : new SigtarFile(context.spool.newPath('sigtar'), 'used');
  const output = isSignature ? discardedOutput() : openOutput(request.output, { gzip: settings.gzipCompress });
  const state = request.action === 'delta' ? openState(request.signatures, context) : undefined;
  let errors = 0;
  try {
    errors = await produce(request, context, { output, signatures: signatures ?? NO_SIGNATURES, state });
    if (signatures !== undefined && sigPath !== undefined) {
      signatures.finish();
      await copyTo(sigPath, signatures.path, context);
    }
  } catch (error) {
    await output.abort();
    throw error;
  } finally {
    signatures?.close();
    await state?.close();
  }
  refuseErrors(errors, settings);
}

interface Sinks {
  readonly output: EncodedFile;
  readonly signatures: SignatureSink;
  readonly state: EntryStream | undefined;
}

/** Answers how many entries could not be read. */
async function produce(request: StoreRequest, context: Context, { output, signatures, state }: Sinks): Promise<number> {
  const { settings, emit, accounts, signal } = context;
  const { selection, nullSeparator } = settings;
  const root = { path: request.source, throughLink: request.throughLink };
  const source = openSource({ emit, accounts }, root, { selection, nullSeparator, copyLinks: false });
  const volumes = new VolumePacker({
    limit: Infinity,
    trailer: 0,
    open: async () => ({ path: '', file: output }),
    sealed: async () => {
      await output.write(trailer(output.size()));
      await output.finish();
    },
  });
  const pause = (): Promise<void> => othersTurn(signal);
  const statistics = emptyStatistics(0);
  const producer = new Producer({
    volumes,
    signatures,
    state,
    maxBlockSize: settings.maxBlocksize,
    open: source.open,
    statistics,
    pause,
    emit,
    announcesFiles: settings.verbosity >= FILES_LEVEL,
    onFile: () => undefined,
  });
  const comparison = new Comparison(walk(request, source, context), state, {
    ownerOf: (meta) => archivedOwner({ accounts, numericOwner: false }, meta),
    isUnreadable: source.isUnreadable,
  });
  for (let step = 1; ; step++) {
    const change = await comparison.next();
    if (change === undefined) break;
    if (step % STRIDE === 0) await pause();
    if (change.kind !== 'unchanged' && change.kind !== 'unreadable') await producer.store(change);
  }
  await volumes.finish();
  return statistics.errors + source.errors();
}

/** A source that is not there is empty, as in the reference. */
function walk({ source: path }: StoreRequest, source: Source, { emit }: Context): ReturnType<Source['walk']> {
  if (statPath(path, 'keep') !== undefined) return source.walk();
  emit({ kind: 'warning', text: `Warning: base ${toScreen(path)} doesn't exist, continuing` });
  return [];
}

/** The state after the newest of the signatures. */
function openState(paths: readonly ArchivePath[], { emit, signal }: Context): EntryStream {
  return rolledForward(
    paths.map(
      (path) =>
        new SigtarStream(archiveBytes(path, signal), {
          name: toScreen(path),
          onWarning: (warning) => {
            // Taken for empty it would make a delta that holds everything.
            if (warning.kind === 'unreadable') throw warning.error;
            const text = `${warning.file}: ${toScreen(warning.path)} does not stand in order and is left out.`;
            emit({ kind: 'warning', text });
          },
        }),
    ),
  );
}

async function copyTo(path: ArchivePath, file: string, { settings, signal }: Context): Promise<void> {
  const output = openOutput(path, { gzip: settings.gzipCompress });
  try {
    for await (const block of fileBlocks(file, { signal })) await output.write(block);
    await output.finish();
  } catch (error) {
    await output.abort();
    throw error;
  }
}
