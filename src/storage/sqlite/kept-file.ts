// A file beside the store that stays open while it is the same one; a file that was moved away makes room for a new one.
import { StoreUnavailable } from "../../domain/ports.js";
import type { Result } from "../../domain/result.js";
import type { StoreFault } from "../../domain/store-fault.js";
import type { Connection } from "./connection.js";
import { watchFile, type FileWatch } from "./file-watch.js";

interface Closable {
  close(): unknown;
}

export interface KeptFileOptions<S extends Closable> {
  readonly path: string;
  readonly open: () => Result<Connection, StoreFault>;
  readonly wrap: (connection: Connection) => S;
  /** How often is looked whether it is the same file: at each use, or once a second. */
  readonly watches: "now" | "at-times";
}

export interface KeptFile<S> {
  /** Opens it where it is not open; throws StoreUnavailable where it can't be. */
  use(): S;
  close(): void;
}

/** Opens nothing before the first use. */
export function keepFile<S extends Closable>(options: KeptFileOptions<S>): KeptFile<S> {
  let file: { readonly store: S; readonly check: FileWatch } | null = null;
  const close = (): void => {
    file?.store.close();
    file = null;
  };
  return {
    close,
    use: () => {
      if (file !== null) {
        try {
          file.check(options.watches);
          return file.store;
        } catch {
          // Moved away, as the message about a damaged one says: the next one is new.
          close();
        }
      }
      const opened = options.open();
      if (!opened.ok) {
        const reason = opened.error.code === "busy" ? "busy" : "failed";
        throw new StoreUnavailable(reason, opened.error.message);
      }
      try {
        const store = options.wrap(opened.value);
        file = { store, check: watchFile(options.path) };
        return store;
      } catch (error) {
        opened.value.close();
        throw error;
      }
    },
  };
}
