/** The keys of a profile by section, as a page has them. @param {any} schema */
export function keyTable(schema) {
  const top = rows(schema, (key, value) => sectionOf(key, value) === undefined);
  const sections = Object.entries(schema.properties).flatMap(([key, value]) => {
    const section = sectionOf(key, value);
    if (section === undefined) return [];
    return [`### \`${section.title}\`\n\n${value.description ?? ''}\n\n${table(rows(section.schema, () => true))}`];
  });
  return [table(top), ...sections].join('\n\n');
}

function sectionOf(key, value) {
  if (key === 'options' || key === 'keep') return undefined;
  if (value.properties !== undefined) return { title: `[${key}]`, schema: value };
  if (value.items?.properties !== undefined) return { title: `[[${key}]]`, schema: value.items };
  const inner = value.additionalProperties;
  return inner?.properties === undefined ? undefined : { title: `[${key}.NAME]`, schema: inner };
}

function rows(schema, isWanted) {
  return Object.entries(schema.properties)
    .filter(([key, value]) => isWanted(key, value))
    .map(([key, value]) => `| \`${key}\` | ${typeOf(value)} | ${value.description ?? ''} |`);
}

function table(lines) {
  return ['| Key | Takes | Means |', '| --- | --- | --- |', ...lines].join('\n');
}

function typeOf(value) {
  if (value.allOf !== undefined) return 'table';
  if (value.enum !== undefined) return value.enum.map((one) => `\`"${one}"\``).join(', ');
  if (value.const !== undefined) return `\`${JSON.stringify(value.const)}\``;
  if (value.anyOf !== undefined) return [...new Set(value.anyOf.map(typeOf))].join(' or ');
  if (value.type === 'array') return `list of ${typeOf(value.items ?? {})}`;
  if (value.type === 'object') {
    if (value.properties?.credential !== undefined) return 'source';
    const keys = Object.keys(value.properties ?? {});
    return keys.length === 0 || keys.length > 12 ? 'table' : `table of ${keys.map((key) => `\`${key}\``).join(', ')}`;
  }
  if (value.pattern?.includes('smhDWMY')) return 'interval';
  if (value.pattern?.includes('%')) return 'share';
  if (value.pattern?.includes('KMGT')) return 'size';
  if (value.pattern?.includes('[01]')) return '`"HH:MM"`';
  return { string: 'text', boolean: '`true`, `false`', integer: 'number', number: 'number' }[value.type] ?? 'any';
}
