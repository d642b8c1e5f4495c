// Has a large store looked through beside the server's work, once: a server that finds its store damaged ends as it would not have begun.
import { spawn } from "node:child_process";
import { extname } from "node:path";
import { fileURLToPath } from "node:url";
import type { Logger } from "./http/log.js";

/** What the process answers. */
export const CHECK_EXITS = { whole: 0, damaged: 3, unknown: 4 } as const;

const WORDS_MAX = 1000;

/** The same program from its sources or built. */
const ENTRY = fileURLToPath(
  new URL(`./store-check-child${extname(fileURLToPath(import.meta.url))}`, import.meta.url),
);

export interface StoreCheckOptions {
  readonly path: string;
  readonly log: Logger;
  /** Called where the store is damaged; the log has it by then. */
  readonly onDamage: () => void;
}

/**
 * Starts it and answers what ends it early. No thread of the server's, whose locks on the store another thread's closing would
 * take away (docs/decisions/0022-policy-in-a-file.md). A check that can't be made is a warning: the doctor makes the same.
 */
export function startStoreCheck({ path, log, onDamage }: StoreCheckOptions): () => void {
  const child = spawn(process.execPath, [...process.execArgv, ENTRY, path], {
    env: {},
    stdio: ["ignore", "ignore", "pipe"],
  });
  let isStopped = false;
  let words = "";
  child.stderr.on("data", (chunk: Buffer) => {
    words = `${words}${chunk.toString("utf8")}`.slice(-WORDS_MAX);
  });
  child.once("error", ({ message }) => {
    log.warn({ evt: "store.unchecked", reason: message });
  });
  child.once("close", (code, signal) => {
    if (isStopped) return;
    if (code === CHECK_EXITS.whole) {
      log.info({ evt: "store.checked" });
      return;
    }
    if (code === CHECK_EXITS.damaged) {
      const reason = `${path} is damaged; stop everything that uses it and restore a backup: dockwarden restore FILE --force`;
      log.error({ evt: "store.damaged", reason });
      onDamage();
      return;
    }
    const reason = `${signal ?? `exit ${code ?? "unknown"}`} ${words}`.trim();
    log.warn({ evt: "store.unchecked", reason });
  });
  return () => {
    isStopped = true;
    child.kill("SIGKILL");
  };
}
