// Memory that the start needed and the server does not: given back to the system before anybody asks.
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** V8's, as `node --expose-gc` makes it global. */
type Collect = (how: {
  readonly type: "major";
  readonly flavor: "last-resort";
  readonly execution: "async";
}) => Promise<void>;

/**
 * Collects garbage as thoroughly as the engine can, some 30 ms of the main thread: modules, schemas and checks of the start leave pages
 * behind that Node.js 24 would keep for good (20 keeps most of them all the same). Never throws.
 */
export async function giveBackMemory(): Promise<void> {
  try {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as Collect;
    setFlagsFromString("--no-expose-gc");
    await collect({ type: "major", flavor: "last-resort", execution: "async" });
  } catch {
    // An engine without it: as large as before.
  }
}
