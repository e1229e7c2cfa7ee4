import { rekey } from '../../actions/rekey/rekey.ts';
import { UsageError } from '../../errors/errors.ts';
import type { Repository } from '../../repository/repository.ts';
import { report } from '../../ui/results/report.ts';
import { rekeyText } from '../../ui/upkeep/rekey-text.ts';
import type { Settings } from '../settings.ts';

export async function runRekey(repository: Repository, settings: Settings): Promise<number> {
  const { encryptKey: keys, hiddenEncryptKey, newPassphrase, drop, atOnce, progress, progressRate } = settings;
  if (hiddenEncryptKey.length > 0) {
    throw new UsageError('COMMAND_LINE', 'rekey adds no hidden keys: it could not tell what it has done already.', {
      hint: 'Name the key with --encrypt-key.',
    });
  }
  const progressInterval = progress ? progressRate : undefined;
  const result = await rekey(repository, { change: { keys, drop, newPassphrase }, atOnce, progressInterval });
  repository.emit({ kind: 'notice', text: rekeyText(result) });
  report(repository.emit, 'rekey', result);
  return 0;
}
