// The logger's promise: one valid JSON line an event, and no secret in it.
import { join } from "node:path";
import { expect, test } from "@jest/globals";
import { Secret } from "../src/domain/secret.js";
import { createLogger, REDACTED_MEMBERS } from "../src/log.js";
import { ROOT } from "./support/documents.js";
import { run } from "./support/process.js";

function capture(): { lines: string[]; write: (line: string) => void } {
  const lines: string[] = [];
  return { lines, write: (line) => lines.push(line) };
}

test("cuts every member on the redaction list, at the top and one level down", () => {
  const stream = capture();
  const log = createLogger({ level: "debug", format: "json" }, stream);
  for (const member of REDACTED_MEMBERS) {
    log.info({ evt: "test", [member]: "canary-top", nested: { [member]: "canary-deep" } });
  }
  expect(stream.lines).toHaveLength(REDACTED_MEMBERS.length);
  expect(stream.lines.join("")).not.toContain("canary");
});

test("prints a Secret as stars under any name", () => {
  const stream = capture();
  const log = createLogger({ level: "info", format: "json" }, stream);
  log.info({ evt: "test", harmless: new Secret("canary") });
  expect(stream.lines[0]).toContain('"harmless":"***"');
});

test("B22: control characters and quotes stay inside one JSON line", () => {
  const stream = capture();
  const log = createLogger({ level: "info", format: "json" }, stream);
  const hostile = 'x","evt":"token.issue\n{"evt":"y"}\u001b]0;';
  log.info({ evt: "test", user: hostile });
  expect(stream.lines).toHaveLength(1);
  const line = stream.lines[0]?.trimEnd() ?? "";
  expect(line.includes("\n") || line.includes("\u001b")).toBe(false);
  expect(JSON.parse(stream.lines[0] ?? "")).toMatchObject({ evt: "test", user: hostile });
});

test("leaves out what is below the level", () => {
  const stream = capture();
  createLogger({ level: "warn", format: "json" }, stream).info({ evt: "test" });
  expect(stream.lines).toEqual([]);
});

test("cuts what an error carries, and describes it", () => {
  const stream = capture();
  const log = createLogger({ level: "info", format: "json" }, stream);
  const error = Object.assign(new Error("it broke"), { password: "canary", code: "EX" });
  log.info({ evt: "test", err: error });
  expect(stream.lines.join("")).not.toContain("canary");
  expect(JSON.parse(stream.lines[0] ?? "")).toMatchObject({
    err: { type: "Error", message: "it broke", code: "EX" },
  });
});

test("cuts what an error carries under any name", () => {
  const stream = capture();
  const log = createLogger({ level: "info", format: "json" }, stream);
  const error = Object.assign(new Error("it broke"), { password: "canary", code: "EX" });
  log.info({ evt: "test", cause: error });
  expect(stream.lines.join("")).not.toContain("canary");
  expect(JSON.parse(stream.lines[0] ?? "")).toMatchObject({
    cause: { password: "***", code: "EX" },
  });
});

test("a process that ends in the turn of its last line has written every one", async () => {
  const script = `
    import { createLogger } from ${JSON.stringify(join(ROOT, "dist", "log.js"))};
    const log = createLogger({ level: "info", format: "json" });
    for (let number = 0; number < 3000; number += 1) log.info({ evt: "test", number });
    process.exit(3);`;
  const { code, stdout } = await run(process.execPath, ["--input-type=module", "-e", script], {
    env: {},
  });
  expect(code).toBe(3);
  const numbers = stdout
    .trimEnd()
    .split("\n")
    .map((line) => (JSON.parse(line) as { readonly number: number }).number);
  expect(numbers).toEqual(Array.from({ length: 3000 }, (_, number) => number));
});
