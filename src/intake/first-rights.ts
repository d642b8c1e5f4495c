// Whether accounts that were stated can do anything at all yet: a registry with htpasswd gave everything to everybody.
import type { PolicySettings } from "../domain/decision.js";
import type { PolicyState, StatedPolicy } from "../domain/stated-policy.js";

/** True where no image, no group and no setting gives any of the stated accounts anything. Admins may do everything. */
export function isNothingGranted(
  { accounts, groups, images }: StatedPolicy,
  state: PolicyState,
  settings: Pick<PolicySettings, "unlisted" | "hasPersonalNamespace">,
): boolean {
  if (settings.unlisted.length > 0 || settings.hasPersonalNamespace) return false;
  const names = new Set((accounts ?? []).map(({ name }) => name));
  const memberships = new Set(
    [...(groups ?? []), ...state.groups]
      .filter(({ members }) => members.some((member) => names.has(member)))
      .map(({ name }) => name),
  );
  const grants = [...(images ?? []), ...state.images].flatMap((image) => image.grants);
  return !grants.some(({ subject }) => {
    switch (subject.kind) {
      case "account":
        return names.has(subject.name);
      case "group":
        return memberships.has(subject.name);
      case "authenticated":
      case "anonymous":
        return true;
    }
  });
}
