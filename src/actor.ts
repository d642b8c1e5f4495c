// Who is said to have made a change: asked when the program starts, before it may become the store's owner.
import { userInfo } from "node:os";
import { readEnvironment } from "./config/environment.js";
import type { Actor } from "./domain/change.js";

/** Characters of DOCKWARDEN_ACTOR that are kept. */
const CLAIM_MAX = 128;

const startedBy = readUser();

/** The caller's word (DOCKWARDEN_ACTOR), marked as claimed; otherwise the operating system's user. */
export function findActor(): Actor {
  const claimed = readEnvironment().actor?.trim() ?? "";
  if (claimed !== "") return { name: claimed.slice(0, CLAIM_MAX), isClaimed: true };
  return { name: startedBy, isClaimed: false };
}

function readUser(): string {
  try {
    return userInfo().username;
  } catch {
    // A user id without an entry in the system's list of users, as containers have.
    return `uid:${process.geteuid?.() ?? "unknown"}`;
  }
}
