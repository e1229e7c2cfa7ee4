// As zod.ts.
export { ParseError, parseTOML, type AST } from 'toml-eslint-parser';
