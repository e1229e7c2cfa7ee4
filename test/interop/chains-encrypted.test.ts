import { MODES } from '../support/programs.ts';
import { testChains } from './chains.ts';

testChains(MODES.publicKey, 'L');
testChains(MODES.symmetric, 'M');
testChains(MODES.signed, 'S');
testChains(MODES.hidden, 'S');
