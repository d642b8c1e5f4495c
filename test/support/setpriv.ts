// Finds util-linux's setpriv, by which a child is made to end with its parent.
import { existsSync } from "node:fs";

const PLACES = ["/usr/bin/setpriv", "/bin/setpriv"];

/** Its path, or null where there is none (then children end by `stop` alone). */
export function findSetpriv(): string | null {
  return PLACES.find((path) => existsSync(path)) ?? null;
}
