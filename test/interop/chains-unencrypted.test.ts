import { MODES } from '../support/programs.ts';
import { testChains } from './chains.ts';

testChains(MODES.plain, 'O');
testChains(MODES.gz, 'L');
