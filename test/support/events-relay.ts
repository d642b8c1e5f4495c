// Stands between a registry's notifications and the server, and loses, doubles, reorders or delays them.
import { createServer, type IncomingHttpHeaders, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as pause } from "node:timers/promises";
import type { Workspace } from "./workspace.js";

/**
 * `lose`: the registry hears 200 and the server nothing. `hold`: likewise, until `release`. `late`: passed on after
 * `delayMilliseconds`, the registry hears 200 at once. `refuse`: the registry hears 503, and tries again.
 */
export type RelayMood = "pass" | "double" | "lose" | "hold" | "late" | "refuse";

export interface EventsRelay {
  /** What the registry is told. */
  readonly url: string;
  mood: RelayMood;
  delayMilliseconds: number;
  /** Bodies that came, since the start. */
  readonly count: number;
  /** Passes on what was held, the last first, each twice; the mood is `pass` from then on. */
  release(): Promise<void>;
}

interface Body {
  readonly headers: IncomingHttpHeaders;
  readonly bytes: Buffer;
}

/** Starts one on a free port; `workspace.close()` stops it. */
export async function startEventsRelay(
  workspace: Workspace,
  eventsUrl: string,
): Promise<EventsRelay> {
  const held: Body[] = [];
  const state: { mood: RelayMood; delayMilliseconds: number; count: number } = {
    mood: "pass",
    delayMilliseconds: 0,
    count: 0,
  };
  const passOn = async ({ headers, bytes }: Body): Promise<number> => {
    const answer = await fetch(eventsUrl, {
      method: "POST",
      headers: {
        authorization: headers.authorization ?? "",
        "content-type": headers["content-type"] ?? "",
      },
      body: bytes,
    });
    await answer.arrayBuffer();
    return answer.status;
  };
  const take = async (body: Body): Promise<number> => {
    state.count += 1;
    switch (state.mood) {
      case "pass":
        return passOn(body);
      case "double":
        await passOn(body);
        return passOn(body);
      case "lose":
        return 200;
      case "refuse":
        return 503;
      case "hold":
        held.push(body);
        return 200;
      case "late":
        void pause(state.delayMilliseconds)
          .then(() => passOn(body))
          .catch(() => undefined); // the site is closed meanwhile
        return 200;
    }
  };
  const server = createServer((incoming, response) => {
    const work = async (): Promise<number> =>
      take({ headers: incoming.headers, bytes: await readBody(incoming) });
    // A registry takes every fault for "try again".
    void work()
      .catch(() => 502)
      .then((status) => response.writeHead(status, { "Content-Length": 0 }).end());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  workspace.onClose(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  );
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/events`,
    get mood() {
      return state.mood;
    },
    set mood(mood) {
      state.mood = mood;
    },
    get delayMilliseconds() {
      return state.delayMilliseconds;
    },
    set delayMilliseconds(milliseconds) {
      state.delayMilliseconds = milliseconds;
    },
    get count() {
      return state.count;
    },
    async release() {
      state.mood = "pass";
      for (const body of held.splice(0).reverse()) {
        await passOn(body);
        await passOn(body);
      }
    },
  };
}

async function readBody(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
