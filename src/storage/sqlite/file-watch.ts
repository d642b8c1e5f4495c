// Is the store's file still the one that is open? A file that was moved away or replaced answers on, with old accounts.
import { statSync } from "node:fs";
import { performance } from "node:perf_hooks";
import { StoreUnavailable } from "../../domain/ports.js";

/** Cheap enough for every sign-in, soon enough for an account that was disabled in the file's successor. */
const INTERVAL_MILLISECONDS = 1000;

/** Throws StoreUnavailable `replaced` where the path no longer leads to the open file. */
export type FileWatch = (when: "at-times" | "now") => void;

/** To be made when SQLite has opened the file; `at-times` looks once a second at most. */
export function watchFile(path: string): FileWatch {
  const opened = identifyStore(path);
  let lookedAt = performance.now();
  let isSame = true;
  return (when) => {
    const now = performance.now();
    if (when === "now" || now - lookedAt >= INTERVAL_MILLISECONDS) {
      lookedAt = now;
      isSame = identifyStore(path) === opened;
    }
    if (isSame) return;
    throw new StoreUnavailable(
      "replaced",
      `${path} was replaced or removed while it was open; restart the server to use what lies there now, or put the old file back`,
    );
  };
}

/** Device and inode; null where nothing can be seen. */
export function identifyStore(path: string): string | null {
  try {
    const { dev, ino } = statSync(path, { bigint: true });
    return `${dev}:${ino}`;
  } catch {
    return null; // gone, or its folder is: not the same file in any case
  }
}
