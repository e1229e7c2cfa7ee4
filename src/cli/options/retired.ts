import type { Flag, RetiredOption } from './option.ts';

function retired(flag: Flag, deprecated: string, value?: string): RetiredOption {
  const spec = { kind: 'retired', flag, release: '0.8', actions: 'all', hidden: true, deprecated } as const;
  const help = 'Accepted for compatibility, without effect.';
  return value === undefined ? { ...spec, help } : { ...spec, value, help };
}

const names = (flag: Flag) =>
  retired(flag, `${flag} is ignored: old file names are recognised without it, and new files get the standard names.`);
const s3 = (flag: Flag, value?: string) => retired(flag, `${flag} no longer has an effect.`, value);

export const RETIRED = {
  shortFilenames: names('--short-filenames'),
  oldFilenames: names('--old-filenames'),
  s3EuropeanBuckets: s3('--s3-european-buckets'),
  s3UseNewStyle: s3('--s3-use-new-style'),
  s3UseMultiprocessing: s3('--s3-use-multiprocessing'),
  s3MultipartMaxTimeout: s3('--s3-multipart-max-timeout', 'SECONDS'),
} as const;
