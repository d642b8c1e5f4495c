// One look at a whole installation: every check in order, everything found once. Changes nothing, prints nothing.
import { checkClock } from "./check-clock.js";
import { checkConfiguration } from "./check-configuration.js";
import { checkGate } from "./check-gate.js";
import { checkKeys } from "./check-keys.js";
import { checkPolicyFile } from "./check-policy-file.js";
import { checkPort } from "./check-port.js";
import { checkPublicUrl } from "./check-public-url.js";
import { checkRegistry } from "./check-registry.js";
import { checkRegistryFile } from "./check-registry-file.js";
import { checkServer } from "./check-server.js";
import { checkStore } from "./check-store.js";
import { checkTls } from "./check-tls.js";
import type { Finding } from "./finding.js";
import type { Site } from "./site.js";

export interface Examination {
  /** What was looked at, in words: `store`, `keys`, … */
  readonly looked: readonly string[];
  readonly findings: readonly Finding[];
}

/**
 * Requests go to our own listener, to server.publicUrl and to the registry's addresses that were given or stand in its file and
 * in registry.urls, nowhere else.
 */
export async function examine(site: Site): Promise<Examination> {
  const installation = [
    ...checkConfiguration(site),
    ...checkStore(site),
    ...checkPolicyFile(site),
    ...checkKeys(site),
    ...checkTls(site),
    ...checkClock(site),
  ];
  const file = checkRegistryFile(site);
  const listening = site.isBeforeStart ? await checkPort(site) : await checkRunning(site);
  const registry = await checkRegistry(site);
  // Whatever else is wrong there, a token that is refused says nothing about the gate; another realm doesn't matter to it.
  const isTokenTaken = !registry.some(
    ({ severity, id }) => severity === "fault" && id !== "registry.realm",
  );
  const gate = await checkGate(site, isTokenTaken);
  const looked = [
    "configuration",
    "store",
    "keys",
    "clock",
    site.isBeforeStart ? "port" : "running server",
    ...(site.registryFile === null ? [] : [site.registryFile.path]),
    ...(site.registryUrl === null ? [] : [site.registryUrl.origin]),
    ...gate.looked,
  ];
  const all = [...installation, ...listening, ...file, ...registry, ...gate.findings];
  return { looked, findings: all.filter((one, index) => isNew(one, all.slice(0, index))) };
}

async function checkRunning(site: Site): Promise<readonly Finding[]> {
  const { findings, isAnswering, isCurrent } = await checkServer(site);
  if (!isAnswering) return findings;
  // First what names the setting; the same remedy is not said twice.
  return [...(await checkPublicUrl(site, isCurrent)), ...findings];
}

/** A running server reports what we have found by ourselves, and a live registry what stands in its file. */
function isNew(finding: Finding, earlier: readonly Finding[]): boolean {
  const remedy = JSON.stringify(finding.mends);
  return !earlier.some(
    ({ severity, what, mends }) =>
      (severity === "fault" || severity === finding.severity) &&
      (what === finding.what || JSON.stringify(mends) === remedy),
  );
}
