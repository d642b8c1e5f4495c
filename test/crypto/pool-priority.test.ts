// The thread pool gives way to the thread that answers, where its threads can be told from others.
import { execFileSync } from "node:child_process";
import { expect, test } from "@jest/globals";
import { countHashesAtOnce } from "../../src/crypto/pool-priority.js";

/** A program of its own: the priority stays lowered for good. */
const PROGRAM = `
import { readdirSync, readFileSync } from "node:fs";
import { getPriority } from "node:os";
import { lowerPoolPriority } from "./src/crypto/pool-priority.ts";
const lowered = await lowerPoolPriority();
const threads = readdirSync("/proc/self/task").map(Number);
const names = threads.map((thread) => readFileSync("/proc/self/task/" + thread + "/comm", "utf8").trim());
const niceness = (wanted) => threads.filter((_, at) => wanted(names[at])).map((thread) => getPriority(thread));
console.log(JSON.stringify({
  lowered,
  pool: niceness((name) => name === "libuv-worker"),
  others: niceness((name) => name !== "libuv-worker"),
  libuv: process.versions.uv,
}));
`;

test("a server lowers the priority of the pool's threads, and of no other", () => {
  const args = ["--import", "tsx", "--input-type=module", "--eval", PROGRAM];
  const env = { ...process.env, UV_THREADPOOL_SIZE: "3" };
  const output = execFileSync(process.execPath, args, { encoding: "utf8", env });
  const { lowered, pool, others, libuv } = JSON.parse(output) as {
    readonly lowered: number;
    readonly pool: readonly number[];
    readonly others: readonly number[];
    readonly libuv: string;
  };
  // The release that names its threads; before it they can't be told from V8's, and are left alone.
  const hasNames = Number(libuv.split(".")[1]) >= 50;
  expect(pool).toEqual(hasNames ? [10, 10, 10] : []);
  expect(lowered).toBe(pool.length);
  expect(new Set(others)).toEqual(new Set([0]));
});

test("one hash more than processors runs at once where hashes give way, and leaves a thread for others", () => {
  const count = (threads: number) =>
    [1, 2, 3, 4, 8].map((processors) => countHashesAtOnce(processors, threads));
  expect(count(0)).toEqual([1, 2, 3, 4, 8]);
  expect(count(4)).toEqual([1, 3, 3, 4, 8]);
  expect(count(16)).toEqual([1, 3, 4, 5, 9]);
});
