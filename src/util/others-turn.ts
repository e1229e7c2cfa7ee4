/** Lets signals and work in the background have their turn, as a long loop must now and then. Throws when it is to end. */
export async function othersTurn(signal: AbortSignal): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  signal.throwIfAborted();
}
