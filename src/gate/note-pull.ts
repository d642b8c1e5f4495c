// A pull that the gate lets pass: counted in the ledger, and remembered as what its account asked for last.
import type { PullNote } from "../domain/ledger.js";
import type { Requester } from "../domain/requester.js";
import type { EpochSeconds } from "../domain/time.js";
import type { BearerIdentity } from "./authenticate-bearer.js";
import type { GateContext } from "./gate-context.js";
import type { ProxiedRequest } from "./proxied-request.js";

export interface Pull {
  readonly requester: Requester;
  readonly note: PullNote;
}

/** Null: the request reads no manifest. */
export function pullOf(
  { place, access, method }: ProxiedRequest,
  { requester, service }: BearerIdentity,
  now: EpochSeconds,
): Pull | null {
  if (place.kind !== "manifest" || access !== "read") return null;
  const { repository, reference } = place;
  const note: PullNote = {
    service,
    repository,
    tag: "tag" in reference ? reference.tag : null,
    digest: "digest" in reference ? reference.digest : null,
    account: requester.kind === "account" ? requester.name : "",
    method: method === "HEAD" ? "HEAD" : "GET",
    at: now,
  };
  return { requester, note };
}

export function notePull(
  { requester, note }: Pull,
  { ledger, recentAsks }: Pick<GateContext, "ledger" | "recentAsks">,
): void {
  if (note.tag !== null) recentAsks.note(requester, note, note.tag, note.at);
  ledger.pulled(note);
}
