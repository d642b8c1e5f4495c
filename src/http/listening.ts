// Opening and closing a listener: an address in use is a fault in words, a stop lets requests in flight finish.
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";

/** Answers the port that is bound (useful with port 0); throws Node's error, e.g. code EADDRINUSE. */
export async function listen(server: Server, host: string, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
  return (server.address() as AddressInfo).port;
}

/** Stops accepting, lets requests in flight finish, cuts what is left after `drainMilliseconds`. Never throws. */
export async function drain(server: Server, drainMilliseconds: number): Promise<void> {
  const closed = new Promise<void>((resolve) => {
    server.close(() => {
      resolve();
    });
  });
  server.closeIdleConnections();
  const timer = setTimeout(() => {
    server.closeAllConnections();
  }, drainMilliseconds);
  await closed;
  clearTimeout(timer);
}
