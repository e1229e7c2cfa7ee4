export { adler32 } from './adler32';
export { xor } from './xor';
