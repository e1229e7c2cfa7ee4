/** The remote shell that rsync is given, and how what it leaves behind is ended. */
export interface Transport {
  /** The value of `-e`. */
  readonly command: string;
  /** A command that ends the shared connection, where there is one of ours. */
  readonly closing?: readonly string[];
}

/**
 * A remote shell named among the options for rsync (`-e`, also behind other letters, or `--rsh`; the last one counts), and
 * the other words.
 */
export function takeShell(words: readonly string[]): { readonly shell?: string; readonly rest: readonly string[] } {
  let shell: string | undefined;
  const rest: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    // Of the letters before it none takes a value: behind one that does, it is that value.
    const letters = /^-(?!-)([^BTfM@e]*)e(.*)$/s.exec(word);
    if (letters !== null) {
      if (letters[1] !== '') rest.push(`-${letters[1]}`);
      shell = letters[2]?.replace(/^=/, '') || (words[++at] ?? '');
    } else if (word === '--rsh') shell = words[++at] ?? '';
    else if (word.startsWith('--rsh=')) shell = word.slice('--rsh='.length);
    else rest.push(word);
  }
  return { rest, ...(shell === undefined ? {} : { shell }) };
}

/**
 * What follows `shell`, the user's own, where it is ssh: of repeated options ssh takes the first. Any other program is left
 * as it is; rsync tells it the user and the host.
 */
export function transportOf(shell: string | undefined, options: SshWords): Transport {
  const { user, given, shared, socket } = options;
  const own = shell?.trim() ? shell.trim() : undefined;
  const program = own === undefined ? 'ssh' : (rsyncWords(own)[0] ?? '');
  if (!/(^|\/)ssh$/.test(program)) return { command: own ?? '' };
  const batch = own === undefined ? ['-oBatchMode=yes'] : [];
  const words = [...options.port, ...batch, ...given, ...shared, ...user];
  const first = own === undefined ? ['ssh'] : rsyncWords(own);
  // A socket of the user's is not ours to close.
  const isShared = ![...first, ...given].some((word) => /controlpath|^-S/i.test(word));
  return {
    command: [own ?? 'ssh', ...[...words, `-oControlPath=${socket}`].map(rsyncQuote)].join(' '),
    ...(isShared && { closing: [...first, ...words, `-oControlPath=${socket}`, '-O', 'exit', '--'] }),
  };
}

/** Options of ssh, by where they come from. */
export interface SshWords {
  readonly port: readonly string[];
  /** `--ssh-options`. */
  readonly given: readonly string[];
  readonly shared: readonly string[];
  readonly user: readonly string[];
  /** For connections to be shared through. */
  readonly socket: string;
}

/** rsync knows quotes around words and no backslashes; a quote inside is written twice. */
function rsyncQuote(word: string): string {
  return /["'\s]/.test(word) ? `'${word.replaceAll("'", "''")}'` : word;
}

/** The words of a remote shell, as rsync takes them apart. */
function rsyncWords(text: string): string[] {
  const words = text.match(/(?:"(?:[^"]|"")*"|'(?:[^']|'')*'|[^\s"'])+/g) ?? [];
  return words.map((word) =>
    word.replace(/"((?:[^"]|"")*)"|'((?:[^']|'')*)'/g, (_, double?: string, single?: string) =>
      double === undefined ? (single ?? '').replaceAll("''", "'") : double.replaceAll('""', '"'),
    ),
  );
}
