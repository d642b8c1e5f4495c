// Lines of a log: whole ones whatever the pieces they come in, and none that fills the memory.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { openLogFile, openLogPipe, type LineSource } from "../../src/cli/log-lines.js";
import { openWorkspace, type Workspace } from "../support/workspace.js";

let workspace: Workspace;

beforeAll(async () => {
  workspace = await openWorkspace();
});
afterAll(() => workspace.close());

async function readAll(source: LineSource): Promise<readonly (string | null)[]> {
  const lines: (string | null)[] = [];
  for (;;) {
    const some = await source.next();
    lines.push(...some.lines);
    if (some.isCaughtUp) break;
  }
  await source.close();
  return lines;
}

const TEXT = `one\n${"x".repeat(1_000_000)}\n\ntwö\r\nlast`;
const LINES = ["one", null, "", "twö\r", "last"];

test.each([1, 7, 4096, 2_000_000])("of a pipe come in pieces of %d bytes", async (size) => {
  const bytes = Buffer.from(size < 4096 ? TEXT.replace(/x+/, "") : TEXT);
  const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
    bytes.subarray(at * size, (at + 1) * size),
  );
  const stdin = Readable.from(pieces) as unknown as NodeJS.ReadStream;
  const expected = size < 4096 ? LINES.map((line) => line ?? "") : LINES;
  expect(await readAll(openLogPipe(stdin))).toEqual(expected);
});

test("of a file come whole, the last one without its end, too", async () => {
  const path = join(workspace.folder, "access.log");
  await writeFile(path, TEXT);
  expect(await readAll(await openLogFile(path, false))).toEqual(LINES);
});
