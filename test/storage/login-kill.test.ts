// A process that keeps logins is killed in the middle of it, again and again: each login is there whole, or not at all.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { REFRESH_TOKENS_MAX } from "../../src/domain/credential.js";
import { openStore, type OpenedStore } from "../../src/storage/sqlite/open-store.js";
import { waitUntil } from "../support/poll.js";
import { tempFolder } from "../support/temp.js";

const KILLS = 3;
/** So many that each login displaces another. */
const LOGINS = REFRESH_TOKENS_MAX + 20;

/** Adds logins as fast as it can; prints the digest of each one that is acknowledged. */
const PROGRAM = `
import { credentialSecrets } from "./src/crypto/credential-secret.ts";
import { openStore } from "./src/storage/sqlite/open-store.ts";
const opened = await openStore(JSON.parse(process.argv[1], (key, value) => key === "clock" ? { now: () => 1 } : value));
if (!opened.ok) throw new Error(opened.error.message);
const rest = { account: "alice", kind: "refresh", ceiling: { kind: "none" }, service: "reg", description: null, createdFrom: null, expiresAt: null };
for (;;) {
  const { digest } = credentialSecrets.make("refresh");
  const added = await opened.value.credentials.add({ ...rest, digest }, 1);
  if (!added.ok) throw new Error(added.error.reason);
  await new Promise((resolve) => process.stdout.write(digest + "\\n", resolve));
}
`;

test("E08: a killed server leaves each login whole or not at all", async () => {
  const options = {
    path: join(tempFolder(), "data", "dockwarden.db"),
    migrationsDirectory: "migrations",
    busyTimeoutMs: 5000,
    mode: "create" as const,
    migrate: "apply" as const,
    actor: { name: "tester", isClaimed: false },
    clock: { now: () => 1 },
  };
  const open = async (): Promise<OpenedStore> => {
    const opened = await openStore(options);
    if (!opened.ok) throw new Error(opened.error.message);
    return opened.value;
  };
  const first = await open();
  const facts = { email: null, expiresAt: null, passwordHash: "$hash", groups: [] };
  await first.accounts.add({ name: "alice", kind: "user", permissions: ["pull"], ...facts }, 1);
  await first.close();
  for (let kill = 0; kill < KILLS; kill += 1) {
    const acknowledged = await addUntilKilled(JSON.stringify({ ...options, mode: "existing" }));
    const store = await open();
    const all = await store.credentials.list({ account: null, withEnded: true });
    const records = await store.changes.list({
      name: { kind: "account", name: "alice" },
      actor: null,
      service: null,
      since: null,
      until: null,
      limit: 100_000,
    });
    const count = (verb: string) => records.filter((record) => record.verb === verb).length;
    const live = all.filter(({ end }) => end === null);
    const last = await store.credentials.present(acknowledged);
    await store.close();
    expect(last?.credential.end).toBeNull();
    expect(live).toHaveLength(REFRESH_TOKENS_MAX);
    // Of those that were never used and displaced nothing but the record of their beginning is left.
    expect(count("credential.add")).toBe(Math.max(...all.map(({ id }) => id)));
    expect([all.length, count("credential.end")]).toEqual([live.length, 0]);
  }
});

/** Answers the digest of the last login that was acknowledged. */
async function addUntilKilled(options: string): Promise<string> {
  const args = ["--import", "tsx", "--input-type=module", "--eval", PROGRAM, options];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "close");
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const lines = () => output.split("\n").slice(0, -1);
  await waitUntil("logins", async () => lines().length >= LOGINS, 60_000);
  child.kill("SIGKILL");
  await ended;
  return lines().at(-1) ?? "";
}
