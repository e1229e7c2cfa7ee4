import { mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { recoveryKit } from '../../actions/recovery/kit.ts';
import { writeAtomically } from '../../cache/atomic-file.ts';
import { guard } from '../../cache/guard.ts';
import type { Repository } from '../../repository/repository.ts';
import { report } from '../../ui/results/report.ts';
import type { Settings } from '../settings.ts';

const SHEET = 'recovery.txt';
const SCRIPT = 'recover.sh';

/** Prints what restores without this program, or leaves it in a directory. */
export async function runRecoveryKit(repository: Repository, { output, dryRun }: Settings): Promise<number> {
  const { emit } = repository;
  const kit = await recoveryKit(repository);
  const say = (text: string): void => emit({ kind: 'forced', text });
  if (output === undefined) {
    say(kit.sheet.trimEnd());
    say(`\n${'-'.repeat(8)} ${SCRIPT} ${'-'.repeat(8)}`);
    say(kit.script.trimEnd());
  } else if (!dryRun) {
    const directory = resolve(output);
    guard(directory, 'written', () => mkdirSync(directory, { recursive: true }));
    await writeAtomically(directory, SHEET, [Buffer.from(kit.sheet)]);
    await writeAtomically(directory, SCRIPT, [Buffer.from(kit.script)]);
    say(
      `Written: ${join(directory, SHEET)}, ${join(directory, SCRIPT)}. Print both, and keep them with the key, not with the backup alone.`,
    );
  }
  report(emit, 'recovery-kit', kit);
  return 0;
}
