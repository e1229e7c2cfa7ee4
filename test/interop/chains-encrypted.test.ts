import { MODES } from '../support/programs.ts';
import { testChains } from './chains.ts';

testChains(MODES.publicKey, 'L', 'in turn');
testChains(MODES.symmetric, 'M', 'each alone');
testChains(MODES.signed, 'S', 'in turn');
testChains(MODES.hidden, 'S', 'each alone');
