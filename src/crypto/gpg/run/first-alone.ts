/**
 * Lets the first stream run alone until its first block; the rest may run side by side. gpg-agent protects an imported
 * secret key anew when it is first used, and writes its file in place: another gpg that reads it then says `No secret
 * key`. That is the usual case on a machine that was set up for a restore a minute ago.
 */
export function firstAlone<Args extends unknown[], T>(
  open: (...args: Args) => AsyncIterable<T>,
): (...args: Args) => AsyncGenerator<T> {
  let isUnderWay: Promise<void> | undefined;
  return async function* (...args) {
    if (isUnderWay !== undefined) {
      await isUnderWay;
      yield* open(...args);
      return;
    }
    let letOthersRun = (): void => {};
    isUnderWay = new Promise((resolve) => {
      letOthersRun = resolve;
    });
    try {
      for await (const block of open(...args)) {
        letOthersRun();
        yield block;
      }
    } finally {
      letOthersRun();
    }
  };
}
