/** A stream that pulls each block when it is asked for. Waits for the first: what cannot be read has no stream. */
export async function readableOf(
  blocks: AsyncIterableIterator<Uint8Array, undefined>,
): Promise<ReadableStream<Uint8Array>> {
  let first: IteratorResult<Uint8Array, undefined> | undefined = await blocks.next();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const next = first ?? (await blocks.next());
        first = undefined;
        if (next.done === true) controller.close();
        else controller.enqueue(next.value);
      },
      async cancel() {
        await blocks.return?.();
      },
    },
    { highWaterMark: 0 },
  );
}
