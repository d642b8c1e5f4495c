// Is the store there, whole, ours alone, and is there room for more?
import { statfsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { StoreFault } from "../domain/store-fault.js";
import { fault, quote, splitAdvice, warning, type Finding, type FindingId } from "./finding.js";
import { command, commandOf, type Site } from "./site.js";

const MEBIBYTE = 2 ** 20;
/** Less than the first stops the store soon, less than the second is worth a look. */
const FREE_MIN = 16 * MEBIBYTE;
const FREE_USUAL = 256 * MEBIBYTE;

/** Before the first start neither store nor keys need be there; one without the other is a finding at any time. */
export function checkStore(site: Site): readonly Finding[] {
  return [...checkFile(site), ...checkLooseFiles(site), ...checkDisk(site), ...checkOwner(site)];
}

function checkFile(site: Site): readonly Finding[] {
  const found = site.store.fault;
  if (found === null) return [];
  if (found.code === "missing") {
    if (site.isBeforeStart && site.keys.fault?.code === "missing") return [];
    const { what } = splitAdvice(found.message, (words) => words);
    return [fault("store.missing", what, command(site, "init"))];
  }
  const { autoMigrate } = site.loaded.config.storage;
  const { what, mend } = splitAdvice(found.message, commandOf(site.loaded, true));
  if (found.code === "older" && autoMigrate) return [];
  return [fault(idOf(found.code), what, mend)];
}

function idOf(code: StoreFault["code"]): FindingId {
  if (code === "older") return "store.older";
  return code === "insecure" ? "store.insecure" : "store.unusable";
}

function checkLooseFiles(site: Site): readonly Finding[] {
  return site.store.looseFiles.map((file) =>
    fault("store.insecure", `${file} is open to others`, {
      kind: "run",
      command: `chmod 600 ${quote(file)}`,
    }),
  );
}

function checkDisk(site: Site): readonly Finding[] {
  const free = findFreeBytes(dirname(site.loaded.config.storage.path));
  if (free === null || free >= FREE_USUAL) return [];
  const what = `${Math.floor(free / MEBIBYTE)} MiB are left on the disk of ${site.loaded.config.storage.path}`;
  const mend = {
    kind: "do",
    words: "free space there, or move the store to a larger disk",
  } as const;
  return [(free < FREE_MIN ? fault : warning)("store.disk", what, mend)];
}

/** Null where nothing is there to ask about yet. */
function findFreeBytes(folder: string): number | null {
  try {
    const { bavail, bsize } = statfsSync(folder);
    return bavail * bsize;
  } catch {
    return null; // the folder is made at the first start
  }
}

/** What one user writes the other could not read (THREATS L08). */
function checkOwner({ loaded }: Site): readonly Finding[] {
  const { storage, keys } = loaded.config;
  const store = statSync(storage.path, { throwIfNoEntry: false });
  const folder = statSync(keys.directory, { throwIfNoEntry: false });
  if (store === undefined || folder === undefined || store.uid === folder.uid) return [];
  const what = `${keys.directory} belongs to user id ${folder.uid}, the store to user id ${store.uid}: the server can't use both`;
  const chown = `chown -R ${store.uid} ${quote(keys.directory)}`;
  return [fault("store.owner", what, { kind: "run", command: chown })];
}
