// Is the store there, whole, ours alone, and is there room for more?
import { statfsSync } from "node:fs";
import { dirname } from "node:path";
import type { StoreFault } from "../domain/store-fault.js";
import { fault, quote, splitAdvice, warning, type Finding, type FindingId } from "./finding.js";
import { command, commandOf, type Site } from "./site.js";
import { statPlace } from "./stat-place.js";

const MEBIBYTE = 2 ** 20;
/** Less than the first stops the store soon, less than the second is worth a look. */
const FREE_MIN = 16 * MEBIBYTE;
const FREE_USUAL = 256 * MEBIBYTE;

/** Before the first start neither store nor keys need be there; one without the other is a finding at any time. */
export function checkStore(site: Site): readonly Finding[] {
  return [
    ...checkFile(site),
    ...checkLooseFiles(site),
    ...checkLeftFolders(site),
    ...checkDisk(site),
    ...checkNetwork(site),
    ...checkOwner(site),
    ...checkUnconfirmed(site),
  ];
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

function checkLeftFolders(site: Site): readonly Finding[] {
  return site.store.leftFolders.map((folder) =>
    warning(
      "store.leftover",
      `${folder} was left by a restore that was killed, and may hold the keys of a backup`,
      { kind: "run", command: `rm -r ${quote(folder)}` },
    ),
  );
}

function checkNetwork(site: Site): readonly Finding[] {
  if (site.store.networkPlace === null) return [];
  const { what, mend } = splitAdvice(site.store.networkPlace, commandOf(site.loaded, true));
  return [warning("store.network", what, mend)];
}

/** Some may have been revoked after the backup was made: what is to stay dead is looked for first. */
function checkUnconfirmed(site: Site): readonly Finding[] {
  const { unconfirmedCount: count } = site.store;
  if (count === 0) return [];
  const list = commandOf(site.loaded, true)("token list");
  const what = `${count} credential(s) from before the restore wait, and are refused meanwhile; see ${list}`;
  return [warning("store.unconfirmed", what, command(site, "token confirm --all"))];
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

/**
 * What one user writes the other could not read (THREATS L08). The server's user is whom the store's folder belongs to, or,
 * where root has made that folder, the store: a file of another's was left by a command run as root, or a copy.
 */
function checkOwner({ loaded }: Site): readonly Finding[] {
  const { storage, keys } = loaded.config;
  const folder = statPlace(dirname(storage.path));
  const owner = folder?.uid === 0 ? statPlace(storage.path) : folder;
  if (owner === null) return [];
  const describe = (path: string): Finding | null => {
    const found = statPlace(path);
    if (found === null || found.uid === owner.uid) return null;
    const what = `${path} belongs to user id ${found.uid}, the store's place to user id ${owner.uid}: the server can't use both`;
    const chown = found.isDirectory() ? "chown -R" : "chown";
    const mend = { kind: "run", command: `${chown} ${owner.uid} ${quote(path)}` } as const;
    return fault("store.owner", what, mend);
  };
  return [...filesOf(storage.path), keys.directory]
    .map(describe)
    .filter((finding) => finding !== null);
}

const filesOf = (path: string): readonly string[] =>
  ["", "-wal", "-shm", ".lock"].map((ending) => `${path}${ending}`);
