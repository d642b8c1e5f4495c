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
 * One whole garbage collection of the thoroughest kind, some 30 ms of the main thread: modules, schemas and checks of the start leave
 * pages behind that the engine would keep for good. Never throws.
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
