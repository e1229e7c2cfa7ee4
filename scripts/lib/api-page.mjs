// The page of the library, in Markdown.
/** @typedef {import('./declarations.mjs').Declaration} Declaration */

/** Interfaces of functions: each member has a section. */
const FACES = new Set(['Store']);

const HEAD = `# The library

\`import { openStore } from 'duplicity-ts'\`: what the command line does, for programs. ES modules, with types; Node.js 20.19 or
newer. This page is made from the types (\`node scripts/generate-api.mjs\`), and a test runs its examples, in which \`print\`
stands for whatever takes a result.

- **Nothing of the process is used or changed**: no environment, no standard input or output, no signals, no working
  directory, no exit. What the library needs it is given. Several stores can be open at once; each has an archive dir.
- **Paths** are given as text or as bytes. What is given back has both: \`path\`, and \`pathBytes\` for names that are not UTF-8.
- **Times** are seconds since 1970, sizes bytes. A \`Date\` may be given for a time.
- **Failures** are thrown: a \`DuplicityError\` with a \`code\` that stays ([exit codes](exit-codes.md)), a \`message\` of one sentence
  and perhaps a \`hint\`. Hints may name options of the command line. What a signal ends throws the reason of the signal.
- **Events** tell what happens meanwhile; results are values. Nothing is printed.

`;

/** @param {readonly Declaration[]} declarations */
export function apiPage(declarations) {
  const exported = declarations.filter(({ isExported }) => isExported);
  const rest = declarations.filter(({ isExported }) => !isExported);
  const isFunction = ({ code }) => code.startsWith('declare function');
  const faces = exported.filter(({ name }) => FACES.has(name));
  const types = exported.filter((one) => !isFunction(one) && !FACES.has(one.name));
  return [
    HEAD,
    ...exported.filter(isFunction).map(functionSection),
    ...faces.map(faceSection),
    '## Types\n\n',
    ...types.map((one) => typeSection(one, true)),
    '## What types are made of\n\nNot exported by name.\n\n',
    ...rest.filter(({ name, doc }) => doc !== '' && !/Symbol/.test(name)).map((one) => typeSection(one, false)),
  ]
    .join('')
    .replace(/\n+$/, '\n');
}

function functionSection({ name, doc, code }) {
  return `## ${name}\n\n${described(name, doc, true)}${block('ts', code.replace('declare ', ''))}`;
}

function faceSection({ name, doc, code }) {
  const members = [...code.matchAll(/^ {4}(\/\*\*[^]*?\*\/)\n {4}(\w+)(\(.*;)$/gm)];
  const prefix = name.toLowerCase();
  return [
    `## ${name}\n\n${described(name, doc, false)}`,
    ...members.map(
      ([, comment, member, rest]) =>
        `### ${prefix}.${member}\n\n${described(member, comment.replaceAll('\n     ', '\n '), true)}${block('ts', `${member}${rest}`)}`,
    ),
  ].join('');
}

function typeSection({ name, doc, code }, isRequired) {
  return `### ${name}\n\n${described(name, doc, isRequired, true)}${block('ts', code.replace(/^declare /, ''))}`;
}

/** The text of a comment, with its example behind it. */
function described(name, doc, isRequired, isType = false) {
  const lines = doc
    .trim()
    .replace(/^\/\*\*\s?|\s*\*\/$/g, '')
    .replaceAll('*\\/', '*/')
    .replaceAll('*\\\\/', '*/')
    .split('\n')
    .map((line) => line.replace(/^\s*\* ?/, ''));
  const at = lines.findIndex((line) => line.startsWith('@example'));
  const text = (at < 0 ? lines : lines.slice(0, at)).join('\n').trim();
  if (isRequired && text === '') throw new Error(`${name} of the library has no comment`);
  if (isRequired && !isType && at < 0) throw new Error(`${name} of the library has no example`);
  const example = at < 0 ? '' : block('js', lines.slice(at + 1).join('\n'));
  return `${text === '' ? '' : `${text}\n\n`}${example}`;
}

function block(language, code) {
  return `\`\`\`${language}\n${code.trim()}\n\`\`\`\n\n`;
}
