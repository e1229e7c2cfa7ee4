import type { ProfileReport } from '../../../profile/report.ts';
import type { Problem } from '../../../profile/file/at.ts';
import type {
  ProfileCheckFields,
  ProfileProblemFields,
  ProfileShowFields,
  ProfileTextFields,
} from '../shapes/profile.ts';

export function profileFields(report: ProfileReport): ProfileCheckFields | ProfileShowFields | ProfileTextFields {
  switch (report.kind) {
    case 'checked':
      return {
        kind: 'checked',
        isSound: report.problems.length === 0,
        profiles: report.profiles.map(({ name, file }) => ({ name, file })),
        problems: report.problems.map(problemFields),
        warnings: report.warnings.map(problemFields),
      };
    case 'shown': {
      const { kind, name, file, defaults, source, values, stores } = report;
      return {
        kind,
        name,
        file,
        ...(defaults !== undefined && { defaults }),
        source: wellFormed(source),
        values: values.map(({ key, value, at }) => ({ key, value, ...at })),
        stores: stores.map(({ words, ...store }) => ({ ...store, words: words.map(wellFormed) })),
      };
    }
    case 'written':
    case 'imported': {
      const { kind, file, text, notes } = report;
      return { kind, ...(file !== undefined && { file }), text, notes: [...notes] };
    }
  }
}

function problemFields({ at, text, hint }: Problem): ProfileProblemFields {
  return { ...at, text, ...(hint !== undefined && { hint }) };
}

/** Bytes that are no UTF-8 are lone surrogates, which JSON has no place for. */
function wellFormed(word: string): string {
  return word.replace(/[\ud800-\udfff]/gu, '\ufffd');
}
