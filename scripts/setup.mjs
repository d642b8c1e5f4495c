// Makes node_modules ready: installs exactly what package-lock.json names and builds the native modules.
// Quick when nothing has changed. No other package may run scripts of its own.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { withLock } from "./lock.mjs";
import { findHeaders, isAdmitted } from "./node-version.mjs";
import { findNpm, formatSeconds, runQuietly } from "./run-child.mjs";

/** The checkout these scripts belong to. */
export const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));

/** Which of the two releases of better-sqlite3 runs here, as in src/storage/sqlite/engine.ts: docs/decisions/0007. */
const HAS_NODE_API_10 = Number(process.versions.napi) >= 10;
const SQLITE_MODULE = HAS_NODE_API_10 ? "better-sqlite3" : "better-sqlite3-node20";

/** The only packages whose install scripts are run; from 13 on better-sqlite3 brings its builds along. */
const NATIVE_MODULES = HAS_NODE_API_10 ? ["argon2", "bcrypt"] : [SQLITE_MODULE, "argon2", "bcrypt"];

const LOAD_NATIVE_MODULES = `
const Database = require("${SQLITE_MODULE}");
const row = new Database(":memory:").prepare("select sqlite_version() as version").get();
if (typeof row.version !== "string") throw new Error("better-sqlite3 answers no version");
const fail = (error) => {
  console.error(error);
  process.exitCode = 1;
};
require("argon2").hash("a", { memoryCost: 1024, timeCost: 2, parallelism: 1 }).catch(fail);
require("bcrypt").hash("a", 4).catch(fail);
`;

const COMPILER_HINT = [
  "Compiling needs python3, make and a C++ compiler:",
  "  Debian, Ubuntu   apt-get install python3 make g++",
  "  Alpine           apk add python3 make g++",
  "  Fedora, RHEL     dnf install python3 make gcc-c++",
  "  macOS            xcode-select --install",
];

/** What a person can mend; printed without a stack. */
export class SetupFault extends Error {}

/**
 * Makes the dependencies ready, or throws SetupFault with what to do. Two at once in one checkout: the second waits.
 * @param {string} [root] folder of the checkout
 */
export async function setUp(root = ROOT) {
  checkNode(root);
  if (isReady(root)) return;
  await withLock(root, async () => {
    if (isReady(root)) return;
    if (!((await isInstalled(root)) && (await loadNativeModules(root)).code === 0))
      await install(root);
    writeFileSync(markerPath(root), `${fingerprint(root)}\n`);
  });
}

/**
 * Runs a script's main function and ends the process with its exit code; a SetupFault is told in plain words.
 * @param {() => Promise<number>} main
 */
export async function runScript(main) {
  try {
    process.exitCode = await main();
  } catch (error) {
    console.error(error instanceof SetupFault ? error.message : error);
    process.exitCode = 1;
  }
}

function checkNode(root) {
  const wanted = JSON.parse(readFileSync(join(root, "package.json"), "utf8")).engines.node;
  if (isAdmitted(process.versions.node, wanted)) return;
  throw new SetupFault(
    `Dockwarden needs Node.js ${wanted}; this is ${process.versions.node}.\n` +
      "Install the current LTS release of Node.js and run the same command again.",
  );
}

function markerPath(root) {
  return join(root, "node_modules", ".dockwarden-setup");
}

/** Changes with the locked versions, the ABI of Node.js and the machine. */
function fingerprint(root) {
  const lock = createHash("sha256").update(readFileSync(join(root, "package-lock.json")));
  return [lock.digest("hex"), process.versions.modules, process.platform, process.arch].join(" ");
}

function isReady(root) {
  const path = markerPath(root);
  return existsSync(path) && readFileSync(path, "utf8").trim() === fingerprint(root);
}

/** Whether somebody has already installed exactly the locked versions. */
async function isInstalled(root) {
  const path = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(path)) return false;
  const installed = JSON.parse(readFileSync(path, "utf8")).packages;
  const locked = JSON.parse(readFileSync(join(root, "package-lock.json"), "utf8")).packages;
  return Object.entries(locked).every(([place, { version, optional, peer }]) => {
    if (place === "") return true;
    const found = installed[place]?.version;
    return found === version || (found === undefined && (optional === true || peer === true));
  });
}

function loadNativeModules(root) {
  return runQuietly({
    title: "loading the native modules",
    command: process.execPath,
    args: ["-e", LOAD_NATIVE_MODULES],
    cwd: root,
  });
}

async function install(root) {
  const started = Date.now();
  console.error(
    "First set-up: installing the locked dependencies." +
      (HAS_NODE_API_10
        ? ""
        : `\nNode.js ${process.versions.node} needs better-sqlite3 compiled where no ready-made build fits: ` +
          "about 4 minutes, once. From Node.js 22 on nothing is compiled."),
  );
  const missing = HAS_NODE_API_10 ? [] : findMissingTools();
  if (missing.length > 0) {
    console.error([`Not found here: ${missing.join(", ")}.`, ...COMPILER_HINT].join("\n"));
  }
  const installed = await runNpm(root, "installing dependencies", [
    "ci",
    "--ignore-scripts",
    "--include=dev",
    "--no-audit",
    "--no-fund",
  ]);
  if (installed.code !== 0) throw installFault(installed);
  const rebuild = ["rebuild", ...NATIVE_MODULES, "--ignore-scripts=false"];
  const built = await runNpm(root, "building native modules", rebuild);
  if (built.code !== 0) throw compileFault(`npm rebuild failed (exit code ${built.code}).`, built);
  const loaded = await loadNativeModules(root);
  if (loaded.code !== 0) throw compileFault("The native modules are there but don't load.", loaded);
  console.error(`Set-up done (${formatSeconds(Date.now() - started)}).`);
}

/** Answers the run of npm, whatever its exit code; throws SetupFault where there is no npm. */
async function runNpm(root, title, args) {
  const npm = findNpm();
  const headers = findHeaders();
  console.error(`- ${title}: npm ${args.slice(0, 3).join(" ")}`);
  try {
    return await runQuietly({
      title,
      command: npm.command,
      args: [...npm.args, ...args],
      cwd: root,
      env: headers === null ? {} : { npm_config_nodedir: headers },
    });
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
    throw new SetupFault("npm was not found on the path; it comes with Node.js.");
  }
}

function installFault(result) {
  return new SetupFault(
    [
      `npm ci failed (exit code ${result.code}). What it said:`,
      ...quote(result.lines),
      "Is the package registry reachable (npm ping)? Then run the same command again.",
    ].join("\n"),
  );
}

function compileFault(what, result) {
  const missing = findMissingTools();
  return new SetupFault(
    [
      `${what} What the build said:`,
      ...quote(result.lines),
      ...(missing.length > 0 ? [`Not found here: ${missing.join(", ")}.`] : []),
      ...COMPILER_HINT,
      "Then run the same command again.",
    ].join("\n"),
  );
}

/** The first lines (npm names the cause there) and the last (compilers do there). */
function quote(lines) {
  const shown = lines.length <= 40 ? lines : [...lines.slice(0, 12), "…", ...lines.slice(-28)];
  return shown.map((line) => `  | ${line}`);
}

function findMissingTools() {
  const needed = [
    ["python3", "python"],
    ["make", "gmake"],
    ["g++", "c++", "clang++"],
  ];
  return needed.filter((names) => !names.some(isOnPath)).map(([name]) => name);
}

function isOnPath(name) {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => existsSync(join(folder, name)));
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  await runScript(async () => {
    await setUp();
    return 0;
  });
}
