import { UsageError } from '../../errors/errors.ts';

/** `--webdav-headers`: Name,value,Name,value; what holds a comma stands in double quotes, as in a CSV file. */
export function parseHeaders(text: string | undefined): Readonly<Record<string, string>> {
  if (text === undefined || text.trim() === '') return {};
  const fields = [...text.matchAll(/(?:^|,)\s*(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, quoted, bare]) => quoted?.replaceAll('""', '"') ?? (bare ?? '').trim(),
  );
  const headers: Record<string, string> = {};
  for (let i = 0; i < fields.length; i += 2) {
    const [name = '', value] = fields.slice(i, i + 2);
    if (value === undefined || !/^[\w!#$%&'*+.^`|~-]+$/.test(name) || /[\r\n\0]/.test(value)) {
      throw new UsageError('COMMAND_LINE', '--webdav-headers is not a list of names and values.', {
        hint: 'Write it like --webdav-headers "X-Custom,value,X-Other,other value".',
      });
    }
    headers[name] = value;
  }
  return headers;
}
