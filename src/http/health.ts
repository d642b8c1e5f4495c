// Health: may an orchestrator send requests here? 503 only when no token can be issued; no version, no paths, no writes.
import type { ServerResponse } from "node:http";
import { sendJson } from "./answer.js";

export interface HealthReport {
  readonly status: "ok" | "degraded" | "unavailable";
  /** Sentences for the operator: what is wrong and the command that mends it. */
  readonly reasons: readonly string[];
}

export interface HealthSource {
  /** Why no token can be issued now; empty: tokens can be issued. */
  findBlockers(): Promise<readonly string[]>;
  /** What works but should be mended. */
  findWarnings(): Promise<readonly string[]>;
  isStopping(): boolean;
}

/** Asks everything once; a source that throws is a blocker. */
export async function reportHealth(source: HealthSource): Promise<HealthReport> {
  if (source.isStopping()) return { status: "unavailable", reasons: ["the server is stopping"] };
  const blockers = await source.findBlockers();
  if (blockers.length > 0) return { status: "unavailable", reasons: blockers };
  const reasons = await source.findWarnings();
  return { status: reasons.length === 0 ? "ok" : "degraded", reasons };
}

/** `/health/live`: the process answers; nothing else is asked. */
export function handleLive(
  response: ServerResponse,
  headers: Readonly<Record<string, string>>,
): void {
  sendJson(response, 200, { status: "ok" }, headers);
}

/** `/health/ready`: `{"status":"ok|degraded|unavailable","reasons":[…]}`, 503 only for `unavailable`. */
export async function handleReady(
  source: HealthSource,
  response: ServerResponse,
  headers: Readonly<Record<string, string>>,
): Promise<void> {
  const report = await reportHealth(source);
  sendJson(response, report.status === "unavailable" ? 503 : 200, report, headers);
}
