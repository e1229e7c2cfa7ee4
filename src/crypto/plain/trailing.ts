/** What follows the last member may be padding. */
export function expectZeros(bytes: Buffer): void {
  if (bytes.some((byte) => byte !== 0)) throw Object.assign(new Error('data after the end'), { code: 'Z_DATA_ERROR' });
}
