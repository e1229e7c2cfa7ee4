/** Runs what it is given, but no more than `width` at a time; the rest waits in order. */
export function gate(width: number): <T>(run: () => Promise<T>) => Promise<T> {
  let active = 0;
  const waiting: (() => void)[] = [];
  return async (run) => {
    if (active >= width) await new Promise<void>((resolve) => waiting.push(resolve));
    else active++;
    try {
      return await run();
    } finally {
      // Handed on without being counted anew.
      const next = waiting.shift();
      if (next === undefined) active--;
      else next();
    }
  };
}
