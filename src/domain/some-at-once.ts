// Asking many things of somebody who should not be asked all of them at the same time.

/** Acts on every item, at most `limit` at once; the first act that answers something else than null ends the rest, and is answered. */
export async function someAtOnce<Item, Stop>(
  items: readonly Item[],
  limit: number,
  act: (item: Item) => Promise<Stop | null>,
): Promise<Stop | null> {
  let next = 0;
  let stop: Stop | null = null;
  const work = async (): Promise<void> => {
    while (stop === null && next < items.length) {
      const item = items[next] as Item;
      next += 1;
      const answer = await act(item);
      stop ??= answer;
    }
  };
  await Promise.all(Array.from({ length: Math.min(limit, items.length) }, work));
  return stop;
}
