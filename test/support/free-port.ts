// Ports for the servers of tests.
import { createServer } from "node:net";

// Below those that the kernel hands out by itself (from 32768 on Linux), so that no client's own end takes one meanwhile.
const FIRST = 11_000;
const LAST = 31_999;

/** Test files that run at the same time keep to different ones: each worker counts in a slice of its own. */
const SLICES = 8;
const SLICE = Math.floor((LAST - FIRST + 1) / SLICES);
const base = FIRST + (Number(process.env["JEST_WORKER_ID"] ?? "0") % SLICES) * SLICE;

let next = Math.floor(Math.random() * SLICE);

/**
 * A TCP port that nobody listens on at this moment, on any address. One process gets no port twice before it has had all of
 * its slice: the kernel's own choice (port 0) may be the port that it has just given, before a server listens on it.
 */
export async function findFreePort(): Promise<number> {
  for (let tried = 0; tried < SLICE; tried += 1) {
    const port = base + (next % SLICE);
    next += 1;
    if (await isFree(port)) return port;
  }
  throw new Error(`All ports from ${base} to ${base + SLICE - 1} are in use.`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => {
      resolve(false);
    });
    server.listen(port, "0.0.0.0", () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}
