// One account of a policy document: every member has a meaning, also where it is absent.
import { findRecordFault } from "../admin/records.js";
import { parseFixedEnd } from "../admin/when.js";
import { NAME_RULE, parseName } from "../domain/account.js";
import type { StatedAccount } from "../domain/stated-policy.js";
import type { AccountEntry } from "./document-schema.js";
import type { DocumentTools, FaultSink } from "./policy-document.js";
import type { TreePath } from "./yaml-tree.js";

/** What an end in a file may be. */
export const FIXED_END =
  "an end is a date (2027-01-31: the end of that day, UTC), a second (2027-01-31T12:00:00Z) or never";

export interface NamedAccount {
  readonly name: string;
  readonly entry: AccountEntry;
  readonly path: TreePath;
}

/** Null where it has faults. */
export function readAccountEntry(
  { name, entry, path }: NamedAccount,
  tools: DocumentTools,
  sink: FaultSink,
): StatedAccount | null {
  let faults = 0;
  const refuse = (member: string, message: string): void => {
    faults += 1;
    sink.add([...path, member], message);
  };
  const kind = entry.kind ?? "user";
  const owner = entry.owner === undefined ? null : parseName(entry.owner);
  if (entry.owner !== undefined && owner === null) refuse("owner", `is no name: ${NAME_RULE}`);
  if (entry.owner !== undefined && kind === "user")
    refuse("owner", "only robots have an owner; leave it out, or add kind: robot");
  const expiresAt = entry.expires === undefined ? null : parseFixedEnd(entry.expires);
  if (expiresAt === undefined) refuse("expires", FIXED_END);
  const unfit = entry.email === undefined ? null : findRecordFault("email", entry.email);
  if (unfit !== null) refuse("email", unfit.error.message);
  const { passwordHash, passwordFile } = entry;
  const isRobot = kind === "robot";
  for (const member of ["passwordHash", "passwordFile"] as const) {
    if (isRobot && entry[member] !== undefined)
      refuse(
        member,
        `robots have secrets of their own: dockwarden robot rotate ${name}; leave it out`,
      );
  }
  if (passwordHash !== undefined && passwordFile !== undefined)
    refuse("passwordFile", "there is a passwordHash as well; keep one of the two");
  const fault = passwordHash === undefined ? null : tools.hashes.findFault(passwordHash);
  if (fault !== null) refuse("passwordHash", fault);
  if (faults > 0) return null;
  return {
    name,
    kind,
    permissions: entry.permissions ?? ["view", "pull"],
    email: entry.email === undefined || entry.email === "" ? null : entry.email,
    isEnabled: entry.enabled ?? true,
    expiresAt: expiresAt ?? null,
    owner,
    ...(passwordHash === undefined
      ? {}
      : { password: { hash: passwordHash, origin: tools.hashes.originOf(passwordHash) } }),
  };
}
