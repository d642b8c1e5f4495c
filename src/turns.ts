// Work that is done again and again, one turn after the other.

/** One turn after the other, the next where the last has ended; the answer ends them and waits for the one that runs. */
export function every(milliseconds: number, act: () => Promise<void>): () => Promise<void> {
  let turn = Promise.resolve();
  let isRunning = false;
  const timer = setInterval(() => {
    if (isRunning) return;
    isRunning = true;
    turn = act().finally(() => {
      isRunning = false;
    });
  }, milliseconds);
  return async () => {
    clearInterval(timer);
    await turn;
  };
}
