import { mirror, type MirrorOptions } from '../../actions/mirror/mirror.ts';
import type { Repository } from '../../repository/repository.ts';
import { report } from '../../ui/results/report.ts';
import { mirroredText } from '../../ui/upkeep/mirror-text.ts';
import type { Settings } from '../settings.ts';

export async function runMirror(
  repository: Repository,
  { time, delete: deletes, force, concurrency, progress, progressRate }: Settings,
  origin: MirrorOptions['origin'],
  archivePath: string,
): Promise<number> {
  const progressInterval = progress ? progressRate : undefined;
  const options = { origin, archivePath, before: time, deletes, force, concurrency, progressInterval };
  const result = await mirror(repository, options);
  repository.emit({ kind: 'notice', text: mirroredText(result) });
  report(repository.emit, 'mirror', result);
  return 0;
}
