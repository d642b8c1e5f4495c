// Queries whose meaning is kept in memory: what clients ask again and again, and nothing that may hold a secret.
import type { IncomingMessage } from "node:http";
import { expect, test } from "@jest/globals";
import { readTokenRequest } from "../../src/http/read-token-request.js";

const ORIGIN = { source: "192.0.2.1", sender: { address: "192.0.2.1", program: "" } };
const ASKED = "service=registry&scope=repository:team/app:pull";

/** What a query is kept as: the same object where it was read before. */
async function read(rawQuery: string): Promise<unknown> {
  const request = { method: "GET", rawHeaders: [], headers: {} } as unknown as IncomingMessage;
  const asked = await readTokenRequest(request, rawQuery, ORIGIN);
  return asked.ok ? asked.value.scopes : asked.error;
}

test.each(["", "&account=alice", "&client_id=docker&offline_token=true", "&access_type=offline"])(
  "what clients send is read once: %s",
  async (rest) => {
    expect(await read(`${ASKED}${rest}`)).toBe(await read(`${ASKED}${rest}`));
  },
);

test.each([
  "password=canary",
  "%70assword=canary",
  "token=canary",
  "access_token=canary",
  "api_key=canary",
  "canary",
  "Account=canary",
])("a query that may hold a secret is not kept: %s", async (part) => {
  for (const query of [`${ASKED}&${part}`, `${part}&${ASKED}`]) {
    expect(await read(query)).not.toBe(await read(query));
  }
});
