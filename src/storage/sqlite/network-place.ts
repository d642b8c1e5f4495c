// Does the store lie where locks and shared memory can't be relied on? SQLite's write-ahead log needs one machine (THREATS H12).
import { statfsSync } from "node:fs";
import { dirname } from "node:path";

/** Linux: statfs(2), f_type. */
const NETWORK_TYPES: ReadonlyMap<number, string> = new Map([
  [0x6969, "NFS"],
  [0x517b, "SMB"],
  [0xff534d42, "CIFS"],
  [0xfe534d42, "SMB"],
  [0x01021997, "9p"],
  [0x65735546, "FUSE"],
]);

/** A sentence where the store's folder is on such a file system; null: it isn't, or can't be seen. `typeOf` answers f_type. */
export function describeNetworkPlace(path: string, typeOf = readType): string | null {
  if (process.platform !== "linux") return null; // elsewhere the numbers mean other things
  const type = typeOf(dirname(path));
  const name = type === null ? undefined : NETWORK_TYPES.get(type >>> 0);
  if (name === undefined) return null;
  return `the store at ${path} lies on a network file system or one of a program's (${name}), where SQLite's locks can fail and damage it; move storage.path to a local disk`;
}

function readType(folder: string): number | null {
  try {
    return statfsSync(folder).type;
  } catch {
    return null; // not there yet, or out of this user's sight
  }
}
