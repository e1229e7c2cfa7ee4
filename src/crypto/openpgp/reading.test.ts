import { readsOpenPgp } from '../testing/reading-suite.ts';
import { openPgpCodec } from './openpgp.ts';

readsOpenPgp(openPgpCodec);
