import { splitWords } from './words.ts';

/** Values by lower-case keyword, in the order of preference: the first one counts, except for identity files. */
export type Keywords = ReadonlyMap<string, readonly string[]>;

export interface SshOptions {
  readonly keywords: Keywords;
  /** Of `-F`: read instead of the user's and the system's file. */
  readonly configFile?: string;
  /** What of the options ssh is asked about. */
  readonly words: readonly string[];
  /** Words that mean nothing here. */
  readonly ignored: readonly string[];
}

/** What of ssh_config(5) the built-in client goes by. */
const HEEDED: ReadonlySet<string> = new Set([
  'addressfamily',
  'batchmode',
  'bindaddress',
  'certificatefile',
  'ciphers',
  'connecttimeout',
  'globalknownhostsfile',
  'hostkeyalgorithms',
  'hostkeyalias',
  'hostname',
  'identitiesonly',
  'identityagent',
  'identityfile',
  'kexalgorithms',
  'macs',
  'port',
  'proxycommand',
  'proxyjump',
  'pubkeyacceptedalgorithms',
  'pubkeyacceptedkeytypes',
  'stricthostkeychecking',
  'user',
  'userknownhostsfile',
]);

/** Asked for by the built-in client anyway, or of no meaning to it: nobody has to be warned. */
const HARMLESS: ReadonlySet<string> = new Set([
  'controlmaster',
  'controlpath',
  'controlpersist',
  'loglevel',
  'requesttty',
  'serveraliveinterval',
  'serveralivecountmax',
  'tcpkeepalive',
]);

const LETTERS: Readonly<Record<string, string>> = {
  '-i': 'identityfile',
  '-J': 'proxyjump',
  '-b': 'bindaddress',
  '-c': 'ciphers',
  '-l': 'user',
  '-m': 'macs',
  '-p': 'port',
};

const FAMILIES: Readonly<Record<string, string>> = { '-4': 'inet', '-6': 'inet6' };

/** Reads the text of `--ssh-options`. Source of words and keywords: ssh(1), ssh_config(5) of OpenSSH 9.2. */
export function parseSshOptions(text: string): SshOptions {
  const keywords = new Map<string, string[]>();
  const ignored: string[] = [];
  let configFile: string | undefined;
  const words = splitWords(text);
  const asked: string[] = [];
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    const letter = word.slice(0, 2);
    const family = FAMILIES[word];
    if (family !== undefined) {
      asked.push(word);
      add(keywords, 'addressfamily', family);
      continue;
    }
    const isKnown = letter === '-o' || letter === '-F' || letter in LETTERS;
    if (!isKnown) {
      ignored.push(word);
      continue;
    }
    const value = word.length > 2 ? word.slice(2) : (words[++at] ?? '');
    if (letter === '-F') configFile ??= value;
    else if (letter === '-o') {
      if (addKeyword(value, keywords, ignored)) asked.push('-o', value);
    } else {
      // ssh forgets a key of -i that is not there, which the user should hear of.
      asked.push(...(letter === '-i' ? ['-o', `IdentityFile="${value}"`] : [letter, value]));
      add(keywords, LETTERS[letter] ?? '', value);
    }
  }
  return { keywords, ignored, words: asked, ...(configFile === undefined ? {} : { configFile }) };
}

/** `Name=value`, `Name value`, `Name="a value"`. Tells whether it means something here. */
function addKeyword(text: string, keywords: Map<string, string[]>, ignored: string[]): boolean {
  const match = /^\s*(\w+)(?:\s*=\s*|\s+)(.*)$/.exec(text.trimEnd());
  const name = match?.[1]?.toLowerCase() ?? '';
  const value = match?.[2] ?? '';
  if (HEEDED.has(name)) add(keywords, name, name.startsWith('proxy') ? value : value.replace(/^"(.*)"$/, '$1'));
  else if (!HARMLESS.has(name)) ignored.push(`-o${text}`);
  return HEEDED.has(name);
}

function add(keywords: Map<string, string[]>, name: string, value: string): void {
  const values = keywords.get(name);
  // One option may name several known_hosts files; of a repeated option the first counts, as with ssh.
  if (values === undefined) keywords.set(name, name.endsWith('knownhostsfile') ? splitWords(value) : [value]);
  else if (name === 'identityfile') values.push(value);
}
