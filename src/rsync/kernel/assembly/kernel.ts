export { sumBlocks } from './sums';
export { buildTable } from './table';
export { search } from './search';
