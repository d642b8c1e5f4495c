// For the doctor: whether policy.file can be applied, and whether the store is as it says. Changes nothing.
import { planStated } from "./admin/apply-policy.js";
import { countSteps } from "./admin/policy-words.js";
import type { LoadedConfig } from "./config/load-config.js";
import type { PolicyFileLook } from "./doctor/site.js";
import { StoreUnavailable } from "./domain/ports.js";
import type { StatedPolicy } from "./domain/stated-policy.js";
import type { DocumentIntake } from "./intake/policy-document.js";
import { openContext, settingsOf, type OpenedAdmin } from "./open-parts.js";
import { examinePolicyFile, formatFileFault, toFileFaults, toOrder } from "./read-policy-file.js";

/** Null where it is not set. A store that can't be opened is another check's finding. */
export async function lookAtPolicyFile(loaded: LoadedConfig): Promise<PolicyFileLook | null> {
  const path = loaded.config.policy.file;
  if (path === null) return null;
  const examined = examinePolicyFile(path, settingsOf(loaded));
  if (examined.ok) return compare(path, examined.value, loaded);
  return {
    path,
    faults: examined.error.map((fault) => formatFileFault(path, fault)),
    missing: null,
  };
}

async function compare(
  path: string,
  intake: DocumentIntake,
  loaded: LoadedConfig,
): Promise<PolicyFileLook> {
  const unknown = { path, faults: [], missing: null };
  const opened = await openContext(loaded, {
    store: "existing",
    migrate: "refuse",
    isServer: false,
  });
  if (!opened.ok) return unknown;
  try {
    const stated = await assumePasswords(intake, opened.value);
    const planned = await planStated(toOrder(stated), opened.value);
    if (!planned.ok) {
      const faults = toFileFaults(planned.error).map((fault) => formatFileFault(path, fault));
      return { path, faults, missing: null };
    }
    const { steps } = planned.value;
    return { path, faults: [], missing: steps.length === 0 ? null : countSteps(steps) };
  } catch (error) {
    if (!(error instanceof StoreUnavailable)) throw error;
    return unknown;
  } finally {
    await opened.value.close();
  }
}

/** Who has no password yet would get the one in the file; whether others still have it is not asked: that costs a hash each. */
async function assumePasswords(
  { stated, passwordFiles }: DocumentIntake,
  { store, clock }: OpenedAdmin,
): Promise<StatedPolicy> {
  const { accounts } = await store.whole.readAll(clock.now());
  const named = new Set(passwordFiles.map(({ account }) => account));
  for (const one of accounts) if (one.passwordHash !== null) named.delete(one.account.name);
  const password = { hash: "in its file", origin: "in its file" };
  return {
    ...stated,
    accounts:
      stated.accounts?.map((one) => (named.has(one.name) ? { ...one, password } : one)) ?? null,
  };
}
