// What nobody expected: whatever is thrown ends as one message and an exit code.
import { runInNewContext } from "node:vm";
import { expect, test } from "@jest/globals";
import { makePassword } from "../../src/cli/new-password.js";
import { runCli } from "../../src/cli/run-cli.js";

/** A command whose answer throws. */
async function runThrowing(
  thrown: unknown,
): Promise<{ readonly code: number; readonly told: string }> {
  let told = "";
  const code = await runCli(["completion", "bash"], {
    out: () => {
      throw thrown;
    },
    note: (text) => void (told += text),
    isTerminal: false,
    stdin: process.stdin,
  });
  return { code, told };
}

const foreign = (expression: string): unknown => runInNewContext(expression) as unknown;

test.each([
  ["an error of ours", new Error("broken"), "failed: broken\n"],
  ["an error of another realm", foreign("new Error('from elsewhere')"), "failed: from elsewhere\n"],
  [
    "an error without a message",
    foreign("Object.assign(new Error(), { code: 'EIO' })"),
    "failed: EIO; run dockwarden doctor\n",
  ],
  ["a text", "gone wrong", "failed: gone wrong; run dockwarden doctor\n"],
  ["nothing", undefined, "failed: unknown fault; run dockwarden doctor\n"],
])("%s ends with 3 and its words", async (_what, thrown, told) => {
  expect(await runThrowing(thrown)).toEqual({ code: 3, told });
});

test("a store's trouble is known by its name, whichever module threw it", async () => {
  const busy =
    "Object.assign(new Error('the store is busy'), { name: 'StoreUnavailable', reason: 'busy' })";
  expect(await runThrowing(foreign(busy))).toEqual({ code: 75, told: "the store is busy\n" });
});

test("a full queue of passwords says to try again", async () => {
  const made = makePassword("alice", () => Promise.resolve(null), {
    hasher: {
      hash: () => Promise.resolve({ ok: false, error: "busy" }),
      verify: () => Promise.reject(new Error("not asked for")),
    },
    passwordRules: { generate: () => "a-new-one", findFault: () => null },
  });
  await expect(made).rejects.toMatchObject({
    exitCode: 75,
    message: "too many passwords are being set or checked just now; try again",
  });
});
