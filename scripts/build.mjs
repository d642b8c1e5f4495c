// Compiles src/ to dist/ when a source has changed, and makes `npx dockwarden` work in the checkout.
import { createHash } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { withLock } from "./lock.mjs";
import { runInForeground } from "./run-child.mjs";
import { ROOT, runScript, setUp } from "./setup.mjs";

/**
 * Brings dist/ up to date; quick when nothing has changed.
 * @param {string} [root] folder of the checkout, its dependencies installed
 * @returns {Promise<number>} the compiler's exit code; its complaints are shown
 */
export async function build(root = ROOT) {
  if (isBuilt(root)) return 0;
  return withLock(root, async () => {
    if (isBuilt(root)) return 0;
    const sources = describeSources(root);
    removeOutdated(root, sources);
    const compiler = join(root, "node_modules", "typescript", "bin", "tsc");
    const code = await runInForeground([compiler, "-p", "tsconfig.build.json"], { cwd: root });
    if (code !== 0) return code;
    chmodSync(entryPath(root), 0o755);
    linkCommand(root);
    writeFileSync(stampPath(root), JSON.stringify(sources));
    return 0;
  });
}

function entryPath(root) {
  return join(root, "dist", "main.js");
}

function stampPath(root) {
  return join(root, "node_modules", ".cache", "dockwarden-build.json");
}

/** Digest of everything the compiler reads, and the list of sources. */
function describeSources(root) {
  const files = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .sort();
  const digest = createHash("sha256");
  const settings = ["tsconfig.json", "tsconfig.build.json", "package-lock.json"];
  for (const path of [...settings, ...files.map((name) => join("src", name))]) {
    digest
      .update(`${path}\0`)
      .update(readFileSync(join(root, path)))
      .update("\0");
  }
  return { digest: digest.digest("hex"), files };
}

function readStamp(root) {
  const path = stampPath(root);
  return existsSync(path) ? JSON.parse(readFileSync(path, "utf8")) : null;
}

function isBuilt(root) {
  if (!existsSync(entryPath(root)) || !existsSync(linkPath(root))) return false;
  return readStamp(root)?.digest === describeSources(root).digest;
}

/** NOTE the compiler's memory (tsbuildinfo) must go with dist/, or it believes that the files are still there. */
function removeOutdated(root, sources) {
  const stamp = readStamp(root);
  const kept = new Set(sources.files);
  const isComplete = existsSync(entryPath(root)) && stamp?.files.every((name) => kept.has(name));
  if (!isComplete) {
    rmSync(join(root, "dist"), { recursive: true, force: true });
    rmSync(join(root, "node_modules", ".cache", "dockwarden.tsbuildinfo"), { force: true });
  }
  rmSync(stampPath(root), { force: true });
  mkdirSync(dirname(stampPath(root)), { recursive: true });
}

function linkPath(root) {
  return join(root, "node_modules", ".bin", "dockwarden");
}

/** npx looks into node_modules/.bin, where npm puts the commands of dependencies but not the package's own. */
function linkCommand(root) {
  const target = join("..", "..", "dist", "main.js");
  const path = linkPath(root);
  if (existsSync(path) && readlinkSync(path) === target) return;
  rmSync(path, { force: true });
  symlinkSync(target, path);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await runScript(async () => {
    await setUp();
    return build();
  });
}
