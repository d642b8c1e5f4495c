// Use case: the images that an account is shown, and what it may do with each (DESIGN §2 rule 7).
import { formatImagePattern } from "../domain/image-pattern.js";
import type { Action } from "../domain/action.js";
import { ok, type Result } from "../domain/result.js";
import type { AdminContext } from "./admin-context.js";
import { findNaming } from "./named-images.js";
import type { Refusal } from "./refusal.js";
import { findRequester, findRights } from "./rights.js";

export interface AccessibleImage {
  /** As it is registered: `team/app`, `team/**`, `telechat:7b`. */
  readonly image: string;
  /** Null: in every registry. */
  readonly service: string | null;
  /** What a client would get now; may be empty. */
  readonly actions: readonly Action[];
}

export interface AccessibleImages {
  /** False: the account has no `view`, and is shown nothing whatever it may pull. */
  readonly isLooking: boolean;
  /** Sorted by name: every entry for an admin, otherwise those whose grants name the account in any guise. */
  readonly images: readonly AccessibleImage[];
}

/** Refused for an account that is unknown, disabled or past its end. */
export async function listAccessibleImages(
  name: string,
  context: AdminContext,
): Promise<Result<AccessibleImages, Refusal>> {
  const found = await findRequester({ kind: "account", name }, context);
  if (!found.ok) return found;
  const requester = found.value;
  const permissions = requester.kind === "account" ? requester.permissions : [];
  if (!permissions.includes("view")) return ok({ isLooking: false, images: [] });
  const entries = permissions.includes("admin")
    ? await context.store.images.list(context.clock.now())
    : await findNaming(requester, null, context);
  const images: AccessibleImage[] = [];
  for (const { pattern } of entries) {
    const { allowed } = await findRights(requester, pattern, context);
    images.push({
      image: formatImagePattern(pattern),
      service: pattern.service,
      actions: allowed,
    });
  }
  return ok({ isLooking: true, images });
}
