// `npm run bench:apply`: a policy of 10,000 accounts, 10,000 images and 100,000 grants by `dockwarden apply`, again, exported
// and listed: seconds, the most memory that each command had, and the sizes of document and store. BENCH_SCALE=1000 is smaller.
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";

const SCALE = Number(process.env["BENCH_SCALE"] ?? "10000");
const GRANTS = 10;
const MAIN = join(import.meta.dirname, "..", "dist", "main.js");
/** Tells on descriptor 3 how much memory the command had at most, in KiB. */
const METER =
  'data:text/javascript,import{writeSync}from"node:fs";process.on("exit",()=>writeSync(3,String(process.resourceUsage().maxRSS)))';

interface Measured {
  readonly seconds: number;
  readonly megabytes: number;
  readonly lines: number;
}

function describePolicy(): string {
  const name = (at: number): string => `user${at % SCALE}`;
  const some = (seed: number): string =>
    Array.from({ length: GRANTS }, (_none, at) => name(seed * 7 + at * 13)).join(", ");
  const hash = (at: number): string => `$2b$10$${String(at).padEnd(22, "a")}${"x".repeat(31)}`;
  const lines = ["dockwarden: 1", "accounts:", "  admin: {permissions: [admin]}"];
  for (let at = 0; at < SCALE; at += 1)
    lines.push(`  ${name(at)}: {permissions: [view, pull, push], passwordHash: "${hash(at)}"}`);
  lines.push("groups:");
  for (let at = 0; at < SCALE / 100; at += 1) lines.push(`  team${at}: [${some(at)}]`);
  lines.push("images:");
  for (let at = 0; at < SCALE; at += 1)
    lines.push(`  team${at % 100}/app${at}: {users: [${some(at)}]}`);
  return `${lines.join("\n")}\n`;
}

const folder = mkdtempSync(join(tmpdir(), "dockwarden-bench-"));
const environment = {
  ...process.env,
  DOCKWARDEN_STORAGE__PATH: join(folder, "data", "dockwarden.db"),
  DOCKWARDEN_KEYS__DIRECTORY: join(folder, "keys"),
  DOCKWARDEN_KEYS__TRUST_DIRECTORY: join(folder, "trust"),
};

async function measure(...words: string[]): Promise<Measured> {
  const from = performance.now();
  const child = spawn(process.execPath, ["--import", METER, MAIN, ...words], {
    env: environment,
    stdio: ["ignore", "pipe", "inherit", "pipe"],
  });
  let [output, memory] = ["", ""];
  child.stdout?.on("data", (bytes: Buffer) => (output += bytes.toString()));
  child.stdio[3]?.on("data", (bytes: Buffer) => (memory += bytes.toString()));
  const code = await new Promise((resolve) => child.once("close", resolve));
  if (code !== 0) throw new Error(`dockwarden ${words.join(" ")}: exit ${String(code)}`);
  return {
    seconds: (performance.now() - from) / 1000,
    megabytes: Number(memory) / 1024,
    lines: output.split("\n").length - 1,
  };
}

try {
  const document = join(folder, "policy.yml");
  writeFileSync(document, describePolicy());
  await measure("init");
  const megabytes = (path: string): string => (statSync(path).size / 1e6).toFixed(1);
  process.stdout.write(
    `${SCALE} accounts, ${SCALE} images, ${SCALE * GRANTS} grants; document ${megabytes(document)} MB\n`,
  );
  for (const words of [
    ["config", "check"],
    ["apply", document, "--yes"],
    ["apply", document, "--yes"],
    ["export"],
    ["user", "list"],
    ["image", "list"],
    ["access", "who", "team1/app1"],
    ["access", "check", "user7", "team1/app1"],
  ]) {
    const name = words.map((word) => (word === document ? "policy.yml" : word)).join(" ");
    const measured = await measure(...words).catch(() => null);
    const told =
      measured === null
        ? "exit 1"
        : `${measured.seconds.toFixed(2)} s  ${measured.megabytes.toFixed(0)} MB  ${measured.lines} lines`;
    process.stdout.write(`${name.padEnd(36)}${told}\n`);
  }
  process.stdout.write(`store ${megabytes(environment.DOCKWARDEN_STORAGE__PATH)} MB\n`);
} finally {
  rmSync(folder, { recursive: true, force: true });
}
