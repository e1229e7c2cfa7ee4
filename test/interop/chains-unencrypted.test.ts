import { MODES } from '../support/programs.ts';
import { testChains } from './chains.ts';

testChains(MODES.plain, 'O', 'in turn');
testChains(MODES.gz, 'L', 'each alone');
