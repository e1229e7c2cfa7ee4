// Run by selection.test.ts as an ordinary user: a case as JSON and its directory in, the outcome as JSON out.
import process from 'node:process';
import { select, type SelectionCase } from './selection-case.ts';

const [line = '', tmp = ''] = process.argv.slice(2);
process.stdout.write(JSON.stringify(select(JSON.parse(line) as SelectionCase, tmp)));
