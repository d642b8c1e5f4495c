// One at a time per checkout: a lock file that names its owner's process; it must never outlive that process for long.
import { closeSync, openSync, readFileSync, renameSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

const POLL_MILLISECONDS = 500;
const NOTICE_MILLISECONDS = 15_000;

/**
 * Runs `work` while no other set-up or build works in `root`; waits for the other one and says so.
 * @template T
 * @param {string} root folder of the checkout
 * @param {() => Promise<T>} work
 * @returns {Promise<T>} what `work` answers; its exception passes through
 */
export async function withLock(root, work) {
  const path = join(root, ".setup.lock");
  await take(path);
  const release = () => rmSync(path, { force: true });
  process.once("exit", release);
  try {
    return await work();
  } finally {
    release();
    process.off("exit", release);
  }
}

async function take(path) {
  let nextNotice = 0;
  let isOwn = tryCreate(path);
  while (!isOwn) {
    const owner = readOwner(path);
    if (owner !== null && !isRunning(owner)) dropStale(path, owner);
    else if (owner !== null && Date.now() >= nextNotice) {
      console.error(
        `Another set-up or build (process ${owner}) works in this folder; waiting for it.`,
      );
      nextNotice = Date.now() + NOTICE_MILLISECONDS;
    }
    isOwn = tryCreate(path);
    if (!isOwn) await pause(POLL_MILLISECONDS);
  }
}

function tryCreate(path) {
  try {
    const file = openSync(path, "wx", 0o600);
    writeSync(file, String(process.pid));
    closeSync(file);
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  }
}

/** Process id, or null while the file is being written or is gone. */
function readOwner(path) {
  try {
    const owner = Number(readFileSync(path, "utf8"));
    return Number.isInteger(owner) && owner > 0 ? owner : null;
  } catch (error) {
    if (error.code === "ENOENT") return null;
    throw error;
  }
}

function isRunning(processId) {
  try {
    process.kill(processId, 0);
    return true;
  } catch (error) {
    return error.code === "EPERM";
  }
}

/** Moves the file aside before removing it, so that a lock taken in between is noticed and put back. */
function dropStale(path, owner) {
  const aside = `${path}.${process.pid}`;
  try {
    renameSync(path, aside);
    if (readOwner(aside) === owner) rmSync(aside, { force: true });
    else renameSync(aside, path);
  } catch (error) {
    if (error.code !== "ENOENT") throw error;
  }
}
