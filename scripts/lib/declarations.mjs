// The types of the library in one file: tsc's own declarations, of which what `src/index.ts` exports and what that names is
// put together. tsc writes every declaration of the top level at the start of a line, which is all this relies on.
import { mkdtempSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { root, scratch, tool } from './paths.mjs';
import { run } from './run.mjs';

/** @typedef {{ name: string, doc: string, code: string, isExported: boolean }} Declaration */

/** @returns {Promise<readonly Declaration[]>} those that are exported first, in their order */
export async function libraryDeclarations() {
  mkdirSync(scratch, { recursive: true });
  const directory = mkdtempSync(`${scratch}/types-`);
  try {
    const { ok, output } = await run(tool('tsc'), ['-p', 'tsconfig.library.json', '--outDir', directory], {
      cwd: root,
    });
    if (!ok) throw new Error(`The types of the library cannot be made:\n${output}`);
    return collect(join(directory, 'index.d.ts'));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** @param {readonly Declaration[]} declarations */
export function declarationFile(declarations) {
  const text = declarations.map(({ doc, code, isExported }) => doc + (isExported ? `export ${code}` : code));
  // Without the last line, whatever stands in a file of declarations would be exported.
  return `${text.join('')}export {};\n`;
}

function collect(index) {
  const files = new Map();
  const open = (path) => {
    if (!files.has(path)) files.set(path, parse(path));
    return files.get(path);
  };
  const { reexported } = open(index);
  const found = new Map();
  const taken = new Set(reexported.map(({ name }) => name));
  const waiting = reexported.map(({ name, from }) => ({ name, path: from, isExported: true }));
  for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
    const { name, path, isExported = false } = next;
    const key = `${path}:${name}`;
    if (found.has(key)) continue;
    const file = open(path);
    const declaration = file.declared.get(name);
    if (declaration === undefined) throw new Error(`${path} declares no ${name}`);
    const uses = new Map();
    for (const word of wordsOf(declaration.code)) {
      const from = file.declared.has(word) ? path : file.imported.get(word);
      if (from === undefined || word === name) continue;
      uses.set(word, `${from}:${word}`);
      waiting.push({ name: word, path: from });
    }
    found.set(key, { ...declaration, isExported, uses, name: isExported ? name : freeName(name, taken) });
  }
  return [...found.values()]
    .map(({ name, doc, code, isExported, uses }) => {
      const rename = (word) => found.get(uses.get(word))?.name ?? word;
      return { name, doc, isExported, code: code.replace(NAMED, `$1${name}`).replace(WORDS, rename) };
    })
    .toSorted((a, b) => Number(b.isExported) - Number(a.isExported));
}

/** Names are unique in a file only. */
function freeName(name, taken) {
  let free = name;
  for (let i = 1; taken.has(free); i++) free = `${name}${i}`;
  taken.add(free);
  return free;
}

/** The head of a declaration, up to its name. */
const NAMED = /^((?:declare )?(?:abstract )?(?:interface|type|class|function|const) )\w+/;
/** Names, and whole comments and texts, so that words in them are none. */
const WORDS = /\/\*[^]*?\*\/|'[^'\n]*'|[A-Za-z_$][\w$]*/g;

function wordsOf(code) {
  return new Set((code.match(WORDS) ?? []).filter((word) => /^[A-Za-z_$]/.test(word)));
}

function parse(path) {
  const declared = new Map();
  const imported = new Map();
  const reexported = [];
  let doc = '';
  for (const block of blocks(readFileSync(path, 'utf8'))) {
    const names = /^(import|export) (?:type )?\{([^}]*)\} from '(\.[^']*)';$/.exec(block.trim());
    if (block.startsWith('/*')) doc = block;
    else if (names !== null) {
      const from = join(dirname(path), names[3].replace(/\.ts$/, '.d.ts'));
      for (const word of names[2].split(',')) {
        const name = word.trim().replace(/^type /, '');
        if (name === '') continue;
        if (names[1] === 'export') reexported.push({ name, from });
        else imported.set(name, from);
      }
    } else if (!/^(?:import|export \{\})/.test(block)) {
      const code = block.replace(/^export /, '');
      const name = NAMED.exec(code)?.[0].split(' ').at(-1);
      if (name === undefined) throw new Error(`${path} has a declaration of an unknown kind:\n${block}`);
      declared.set(name, { doc, code });
      doc = '';
    }
  }
  return { declared, imported, reexported };
}

/** Comments and declarations of the top level. */
function blocks(text) {
  const found = [];
  let held = '';
  for (const line of text.split('\n')) {
    if (held === '' && line === '') continue;
    held += `${line}\n`;
    const isComment = held.startsWith('/*');
    // A union may have lines with nothing but the end of a part.
    const isUnion = /^(?:export )?(?:declare )?type /.test(held);
    const isEnd = isComment ? line.endsWith('*/') : /^\S.*;$/.test(line) || (line === '}' && !isUnion);
    if (!isEnd) continue;
    found.push(held);
    held = '';
  }
  return found;
}
