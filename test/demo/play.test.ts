// The demo's verdicts, on small programs instead of clients; and the stage, which leaves nothing behind.
import { existsSync } from "node:fs";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { play } from "../../src/demo/play.js";
import { Interrupted, Stage, type Command } from "../../src/demo/stage.js";
import type { Promised } from "../../src/demo/story.js";
import { Transcript } from "../../src/demo/transcript.js";

const ALLOWED: Promised = { word: "allowed", isSuccess: true, says: /./ };
const DENIED: Promised = { word: "denied", isSuccess: false, says: /denied/ };

/** A program that prints `text` and ends with `code`. */
function says(text: string, code: number): Command {
  const script = `console.log(${JSON.stringify(text)}); process.exitCode = ${code};`;
  return { program: process.execPath, args: ["-e", script] };
}

describe("the demo", () => {
  let stage: Stage;
  let interruption: AbortController;
  let transcript: string;

  beforeEach(() => {
    interruption = new AbortController();
    stage = new Stage(process.env["PATH"] ?? "", interruption.signal);
    transcript = "";
  });

  afterEach(() => stage.close());

  async function differenceOf(
    promised: Promised,
    ...commands: readonly Command[]
  ): Promise<string | null | undefined> {
    const write = (text: string): void => void (transcript += text);
    const paper = new Transcript({ write, hasColour: false, width: 100 });
    const reports = await play(stage, paper, [{ title: "A step", commands, promised, why: "So." }]);
    return reports[0]?.difference;
  }

  test("a step that comes out as promised says so and why", async () => {
    expect(await differenceOf(DENIED, says("fine", 0), says("denied: no", 1))).toBeNull();
    expect(transcript).toContain(" 1  A step");
    expect(transcript).toContain("✔ denied, as promised\n    So.\n");
  });

  test("a denial that did not come is told", async () => {
    expect(await differenceOf(DENIED, says("denied: no", 0))).toBe(
      "should be denied, but it went through",
    );
    expect(transcript).toContain("✘ should be denied, but it went through");
    expect(transcript).not.toContain("So.");
  });

  test("a failure for another reason is no denial", async () => {
    expect(await differenceOf(DENIED, says("connection refused", 1))).toBe(
      "should be denied, but it failed for another reason (exit code 1)",
    );
  });

  test("a command that fails before the last one is told", async () => {
    expect(await differenceOf(DENIED, says("broken", 7), says("denied: no", 1))).toBe(
      "should have succeeded, but ended with exit code 7",
    );
  });

  test("a program that is not there is told", async () => {
    const missing = { program: "no-such-program", args: [] };
    expect(await differenceOf(ALLOWED, missing)).toBe(
      "should have succeeded, but ended with exit code 127",
    );
  });

  test("an interruption ends the running program and what that has started", async () => {
    const script =
      'const child = require("node:child_process").spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], ' +
      '{ stdio: "inherit" }); require("node:fs").writeFileSync("pids", `${process.pid} ${child.pid}`);';
    const running = stage.run({ program: process.execPath, args: ["-e", script] });
    interruption.abort(new Interrupted());
    await expect(running).rejects.toThrow(Interrupted);
    await expect(stage.run(says("later", 0))).rejects.toThrow(Interrupted);
  });

  test("closing takes the folder away, and the person's environment never reached a program", async () => {
    const outcome = await stage.run({
      program: process.execPath,
      args: ["-p", "Object.keys(process.env).filter((name) => name !== '_').sort().join()"],
    });
    expect(outcome.text.trim()).toBe("HOME,NO_COLOR,PATH,TMPDIR,XDG_RUNTIME_DIR");
    expect(existsSync(stage.folder)).toBe(true);
    await stage.close();
    expect(existsSync(stage.folder)).toBe(false);
  });
});
