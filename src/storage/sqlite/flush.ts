// What was written goes to the disk before anything relies on it.
import { closeSync, fsyncSync, openSync } from "node:fs";

/** A file, or a folder with the names in it: on disk when it returns. */
export function flush(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
