// Temporary folders of tests, removed after each test file.
import { afterAll } from "@jest/globals";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const folders: string[] = [];

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A new folder of our own, mode 0700. */
export function tempFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "dw-unit-"));
  folders.push(folder);
  return folder;
}
