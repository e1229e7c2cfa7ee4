/**
 * `value` with `digits` decimals, a tie going to the even neighbour as in Python; sizes in KB hit ties often
 * (8320 bytes are 8.125 KB), and there toFixed differs.
 */
export function fixed(value: number, digits: number): string {
  // Only odd multiples of 1/2^(digits + 1) lie exactly between two decimals.
  const halves = value * 2 ** (digits + 1);
  if (!Number.isInteger(halves) || halves % 2 === 0) return value.toFixed(digits);
  const below = Math.floor(value * 10 ** digits);
  return ((below % 2 === 0 ? below : below + 1) / 10 ** digits).toFixed(digits);
}

const UNITS = [
  { bytes: 1024 ** 4, name: 'TB' },
  { bytes: 1024 ** 3, name: 'GB' },
  { bytes: 1024 ** 2, name: 'MB' },
  { bytes: 1024, name: 'KB' },
] as const;

/** `8.01 KB`, `85.8 MB`, `601 GB`: three digits; below 1024 `347 bytes`, `1 byte`. */
export function sizeWords(bytes: number): string {
  for (const unit of UNITS) {
    if (bytes < unit.bytes) continue;
    const amount = bytes / unit.bytes;
    return `${fixed(amount, amount >= 100 ? 0 : amount >= 10 ? 1 : 2)} ${unit.name}`;
  }
  return bytes === 1 ? '1 byte' : `${bytes} bytes`;
}

/** `1 hour 2 minutes 5.50 seconds`; up to one second is not mentioned after larger units. */
export function durationWords(seconds: number): string {
  const words: string[] = [];
  const hours = Math.floor(seconds / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  const rest = seconds - hours * 3600 - minutes * 60;
  if (hours > 0) words.push(hours === 1 ? '1 hour' : `${hours} hours`);
  if (minutes > 0) words.push(minutes === 1 ? '1 minute' : `${minutes} minutes`);
  if (words.length === 0 || rest > 1) words.push(rest === 1 ? '1 second' : `${fixed(rest, 2)} seconds`);
  return words.join(' ');
}
