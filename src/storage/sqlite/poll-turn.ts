// Which turn of the event loop is it? Requests that were received in one turn may share one look at the store's version.

let turn = 0;
let isOpen = false;

/**
 * To be called when a request has arrived, in the event loop's poll phase. All requests of this phase lay in their sockets when
 * it began: what is looked at from now until it ends has happened after each of them was sent.
 */
export function beginTurn(): void {
  if (isOpen) return;
  isOpen = true;
  turn += 1;
  // The check phase follows the poll phase at once (libuv, "The I/O loop"): what arrives later belongs to another turn.
  setImmediate(() => {
    isOpen = false;
  });
}

/** Null: no request was received in this turn, so a look counts for itself alone. */
export function currentTurn(): number | null {
  return isOpen ? turn : null;
}
