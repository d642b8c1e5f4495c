// A folder for token keys that servers of a measurement share; removed when the process ends.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const folder = mkdtempSync(join(tmpdir(), "dw-rings-"));
process.env["DOCKWARDEN_TEST_RINGS"] = folder;
process.on("exit", () => {
  rmSync(folder, { recursive: true, force: true });
});
