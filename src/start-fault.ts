// Why something could not be opened or started, in one line for a person and one exit code for scripts.
import type { KeyFault } from "./domain/key.js";
import type { StoreFault } from "./domain/store-fault.js";

/** Exit codes as DESIGN §7: 1 refused, 3 failed (store, disk, network), 75 store busy, 78 configuration. */
export interface StartFault {
  readonly exitCode: 1 | 3 | 75 | 78;
  readonly message: string;
}

/** A store that can't be opened: 75 when it is only busy. */
export function storeFault(fault: StoreFault): StartFault {
  return { exitCode: fault.code === "busy" ? 75 : 3, message: fault.message };
}

/** Keys that can't be used. */
export function keyFault(fault: KeyFault): StartFault {
  return { exitCode: 3, message: fault.message };
}

/** An address that can't be listened on, in words. */
export function listenFault(error: NodeJS.ErrnoException, host: string, port: number): StartFault {
  const place = `${host}:${port}`;
  const message =
    error.code === "EADDRINUSE"
      ? `${place} is already in use; stop what listens there or set server.port (DOCKWARDEN_SERVER__PORT) to a free one`
      : `can't listen on ${place} (${error.code ?? error.message}); check server.host and server.port`;
  return { exitCode: 3, message };
}
