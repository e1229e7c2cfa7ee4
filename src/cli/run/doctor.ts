import { doctor } from '../../actions/doctor/doctor.ts';
import { LocalError } from '../../errors/errors.ts';
import type { Repository } from '../../repository/repository.ts';
import { report } from '../../ui/results/report.ts';
import { doctorVerdict, findingText } from '../../ui/upkeep/doctor-text.ts';
import { encodingOf } from '../engine-options.ts';
import type { Settings } from '../settings.ts';
import type { Request } from '../words/positionals.ts';
import { absolute } from './backup.ts';

type DoctorRequest = Extract<Request, { readonly action: 'doctor' }>;

/** What would stop a backup is a failure of its own: who reads nothing but errors is to hear of it. */
export async function runDoctor(
  repository: Repository,
  settings: Settings,
  { tree: path, throughLink, env }: DoctorRequest & { readonly env: Readonly<Record<string, string | undefined>> },
): Promise<number> {
  const { emit } = repository;
  const { volsize: volumeSize, concurrency, allowSourceMismatch: mayChangeSource } = settings;
  const result = await doctor(repository, {
    source: path && { source: { path, throughLink }, absoluteSource: absolute(path), mayChangeSource },
    encoding: encodingOf(settings),
    packing: { volumeSize, concurrency },
    env,
    tell: (finding) => emit({ kind: 'forced', text: findingText(finding) }),
  });
  report(emit, 'doctor', result);
  const text = doctorVerdict(result);
  if (!result.isFit) {
    throw new LocalError('WOULD_FAIL', text, {
      hint: 'The lines that begin with "trouble" tell what, and what to do.',
    });
  }
  emit({ kind: 'forced', text });
  return 0;
}
