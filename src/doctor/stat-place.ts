// What lies at a path, for checks that must not fail where this user may not look.
import { statSync, type Stats } from "node:fs";

/** Null where nothing is there, or nothing can be seen; throws nothing. */
export function statPlace(path: string): Stats | null {
  try {
    return statSync(path);
  } catch {
    return null; // what keeps this user from looking is found by whoever opens it
  }
}
