// What a start leaves behind goes back to the system, and nobody else can ask for it.
import { execFileSync } from "node:child_process";
import { expect, test } from "@jest/globals";

/** A program of its own: an engine's heap is its whole process's. */
const PROGRAM = `
import { giveBackMemory } from "./src/give-back.ts";
import { runInNewContext } from "node:vm";
let left = [];
for (let at = 0; at < 200000; at += 1) left.push({ at, text: "left " + at });
left = [];
const before = process.memoryUsage().heapTotal;
await giveBackMemory();
const after = process.memoryUsage().heapTotal;
console.log(JSON.stringify({ before, after, here: typeof gc, elsewhere: runInNewContext("typeof gc") }));
`;

test("pages that nothing lies in any more go back to the system", () => {
  const args = ["--import", "tsx", "--input-type=module", "--eval", PROGRAM];
  const output = execFileSync(process.execPath, args, { encoding: "utf8" });
  const { before, after, here, elsewhere } = JSON.parse(output) as {
    readonly before: number;
    readonly after: number;
    readonly here: string;
    readonly elsewhere: string;
  };
  expect(after).toBeLessThan(before * 0.8);
  expect([here, elsewhere]).toEqual(["undefined", "undefined"]);
});
