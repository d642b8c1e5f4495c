// A process of its own that writes to a store as fast as it can: groups g-1, g-2 …, each said once it is acknowledged.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { waitUntil } from "./poll.js";

const PROGRAM = `
import { openStore } from "./src/storage/sqlite/open-store.ts";
const clock = { now: () => 1 };
const options = { busyTimeoutMs: 5000, mode: "existing", migrate: "refuse", migrationsDirectory: "migrations", actor: { name: "writer", isClaimed: false } };
const store = await openStore({ ...options, path: process.argv[1], clock });
if (!store.ok) throw new Error(store.error.message);
for (let index = 1; ; index += 1) {
  const added = await store.value.groups.add("g-" + index, 1);
  if (!added.ok) throw new Error(added.error.reason);
  await new Promise((resolve) => process.stdout.write(index + "\\n", resolve));
}
`;

export interface StoreWriter {
  /** The number of the last group that was acknowledged. */
  acknowledged(): number;
  /** Waits until `count` more are. */
  more(count: number): Promise<void>;
  stop(): Promise<void>;
}

/** Starts writing; the store must have no group yet. */
export async function startStoreWriter(path: string): Promise<StoreWriter> {
  const args = ["--import", "tsx", "--input-type=module", "--eval", PROGRAM, path];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(child, "close");
  let output = "";
  child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const acknowledged = (): number => Number(output.trimEnd().split("\n").at(-1));
  const more = async (count: number): Promise<void> => {
    const goal = acknowledged() + count;
    await waitUntil(`${count} more writes`, async () => acknowledged() >= goal, 60_000);
  };
  await more(1);
  return {
    acknowledged,
    more,
    stop: async () => {
      child.kill("SIGKILL");
      await ended;
    },
  };
}
