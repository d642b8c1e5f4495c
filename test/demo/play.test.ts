// The demo's verdicts, on small programs instead of clients; and the stage, which leaves nothing behind.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { play } from "../../src/demo/play.js";
import { Interrupted, Stage, type Command } from "../../src/demo/stage.js";
import type { Promised } from "../../src/demo/story.js";
import { Transcript } from "../../src/demo/transcript.js";
import { waitUntil } from "../support/poll.js";

const ALLOWED: Promised = { word: "allowed", isSuccess: true, says: /./ };
const DENIED: Promised = { word: "denied", isSuccess: false, says: /denied/ };

/** A program that prints `text` and ends with `code`. */
function says(text: string, code: number): Command {
  const script = `console.log(${JSON.stringify(text)}); process.exitCode = ${code};`;
  return { program: process.execPath, args: ["-e", script] };
}

/** A zombie that nobody has fetched yet counts as ended. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false; // ESRCH or ENOENT: it has ended
  }
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

  /** What a program of the stage wrote to the file `pids`. */
  async function readPids(): Promise<readonly number[]> {
    const path = join(stage.folder, "pids");
    await waitUntil(
      "the program's start",
      async () => existsSync(path) && readFileSync(path).length > 0,
    );
    return readFileSync(path, "utf8").split(" ").map(Number);
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
    const refusal = expect(running).rejects.toThrow(Interrupted);
    const pids = await readPids();
    expect(pids.filter(isRunning)).toHaveLength(2);
    interruption.abort(new Interrupted());
    await refusal;
    await expect(stage.run(says("later", 0))).rejects.toThrow(Interrupted);
    await waitUntil("the end of both", async () => !pids.some(isRunning));
  });

  test("an interruption waits for a command that leaves something in the engine", async () => {
    const script =
      'process.on("SIGTERM", () => {}); const { existsSync, writeFileSync } = require("node:fs"); ' +
      'writeFileSync("pids", String(process.pid)); ' +
      'setInterval(() => { if (!existsSync("go")) return; writeFileSync("done", ""); process.exit(); }, 10);';
    const command = { program: process.execPath, args: ["-e", script], mustFinish: true };
    const refusal = expect(stage.run(command)).rejects.toThrow(Interrupted);
    await readPids();
    interruption.abort(new Interrupted());
    stage.write("go", "");
    await refusal;
    expect(existsSync(join(stage.folder, "done"))).toBe(true);
  });

  test("what must be undone is undone once, the last thing first, before the folder goes", async () => {
    const undone: string[] = [];
    stage.onClose(() =>
      undone.push(`first, folder ${existsSync(stage.folder) ? "there" : "gone"}`),
    );
    stage.onClose(() => undone.push("second"));
    await stage.close();
    await stage.close();
    expect(undone).toEqual(["second", "first, folder there"]);
  });

  test("a server that ends at once is told with the end of its log", async () => {
    const server = {
      words: "The registry",
      logName: "registry",
      url: "http://127.0.0.1:1/",
      status: 401,
    };
    await expect(stage.startServer(says("disk full", 3), server)).rejects.toThrow(
      "The registry did not start. The end of its log:\n  | disk full",
    );
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
