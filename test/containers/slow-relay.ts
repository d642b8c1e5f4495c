// A slow line: passes TCP connections on, with so many bytes per second in each direction and no more.
import { once } from "node:events";
import { connect, createServer, type AddressInfo, type Socket } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import type { Workspace } from "../support/workspace.js";

export interface SlowRelay {
  readonly port: number;
  /** Bytes that have gone to clients, and come from them. */
  readonly sent: () => number;
  readonly received: () => number;
}

/** Starts one on `from`, a local address, to the server at `to`; `workspace.close()` stops it. */
export async function startSlowRelay(
  workspace: Workspace,
  from: string,
  to: { readonly host: string; readonly port: number },
  bytesPerSecond: number,
): Promise<SlowRelay> {
  const up = makeLimit(bytesPerSecond);
  const down = makeLimit(bytesPerSecond);
  const open = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (client) => {
    const upstream = connect({ ...to, allowHalfOpen: true });
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.once("close", () => open.delete(socket));
      socket.once("error", () => {
        client.destroy();
        upstream.destroy();
      });
    }
    void passOn(client, upstream, up);
    void passOn(upstream, client, down);
  });
  server.listen(0, from);
  await once(server, "listening");
  workspace.onClose(async () => {
    for (const socket of open) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return { port, sent: () => down.total(), received: () => up.total() };
}

interface Limit {
  /** Answers when so many more bytes may go. */
  take(bytes: number): Promise<void>;
  total(): number;
}

function makeLimit(bytesPerSecond: number): Limit {
  let freeAt = 0;
  let total = 0;
  return {
    async take(bytes) {
      total += bytes;
      freeAt = Math.max(freeAt, performance.now()) + (bytes / bytesPerSecond) * 1000;
      await pause(freeAt - performance.now());
    },
    total: () => total,
  };
}

async function passOn(from: Socket, to: Socket, limit: Limit): Promise<void> {
  try {
    for await (const chunk of from) {
      await limit.take((chunk as Buffer).length);
      if (!to.write(chunk as Buffer)) await once(to, "drain");
    }
    to.end();
  } catch {
    to.destroy(); // one side has gone: the other learns it
  }
}
