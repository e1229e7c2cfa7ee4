/**
 * What a table of options may hold, by name.
 * @param {Iterable<import('../../../src/cli/options/table.ts').Spelling>} spellings
 * @param {(spelling: import('../../../src/cli/options/table.ts').Spelling) => boolean} isOfProfiles
 */
export function optionProperties(spellings, isOfProfiles) {
  // Rules whose place matters stand in select.
  const isSelect = ({ option, flag }) => option.kind === 'rule' && !flag.startsWith('--exclude-');
  const shown = [...spellings].filter(
    (spelling) => isOfProfiles(spelling) && !isSelect(spelling) && !spelling.option.hidden,
  );
  return Object.fromEntries(
    shown
      .toSorted((a, b) => (a.flag < b.flag ? -1 : 1))
      .map(({ flag, option, fixed }) => [
        flag.slice(2),
        {
          description: (option.deprecated ?? option.help).split(/(?<=[.?!]) /)[0],
          ...(fixed !== undefined || option.value === undefined ? { type: 'boolean' } : { anyOf: valueTypes(option) }),
        },
      ]),
  );
}

/** `false` takes back what is inherited. */
function valueTypes(option) {
  const one = [{ type: 'string' }, { type: 'number' }];
  const isList = option.kind !== 'option' || option.merge !== undefined || option.value.includes(' ');
  return [...one, ...(isList ? [{ type: 'array' }] : []), { const: false }];
}
