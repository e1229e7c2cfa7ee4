import { readsOpenPgp } from '../testing/reading-suite.ts';
import { gpgCodec } from './gpg.ts';

readsOpenPgp(gpgCodec);
