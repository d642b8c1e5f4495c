// The thread pool gives way to the thread that answers, where its threads can be told from others.
import { execFileSync } from "node:child_process";
import { expect, test } from "@jest/globals";

/** A program of its own: the priority stays lowered for good. */
const PROGRAM = `
import { readdirSync, readFileSync } from "node:fs";
import { getPriority } from "node:os";
import { createPasswordHasher } from "./src/crypto/password-hasher.ts";
const options = { memoryKib: 1024, iterations: 1, parallelism: 1, concurrency: 1, queueLimit: 1 };
await createPasswordHasher(options).hash("harbour-lantern-quiet-71");
const threads = readdirSync("/proc/self/task").map(Number);
const names = threads.map((thread) => readFileSync("/proc/self/task/" + thread + "/comm", "utf8").trim());
const niceness = (wanted) => threads.filter((_, at) => wanted(names[at])).map((thread) => getPriority(thread));
console.log(JSON.stringify({
  pool: niceness((name) => name === "libuv-worker"),
  others: niceness((name) => name !== "libuv-worker"),
  libuv: process.versions.uv,
}));
`;

test("a password hash lowers the priority of the pool's threads, and of no other", () => {
  const args = ["--import", "tsx", "--input-type=module", "--eval", PROGRAM];
  const env = { ...process.env, UV_THREADPOOL_SIZE: "3" };
  const output = execFileSync(process.execPath, args, { encoding: "utf8", env });
  const { pool, others, libuv } = JSON.parse(output) as {
    readonly pool: readonly number[];
    readonly others: readonly number[];
    readonly libuv: string;
  };
  // The release that names its threads; before it they can't be told from V8's, and are left alone.
  const hasNames = Number(libuv.split(".")[1]) >= 50;
  expect(pool).toEqual(hasNames ? [10, 10, 10] : []);
  expect(new Set(others)).toEqual(new Set([0]));
});
