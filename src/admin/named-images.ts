// The entries whose grants name a requester in any guise; what they give it is decided elsewhere.
import type { GrantedImage } from "../domain/image.js";
import { imagePatternKey } from "../domain/image-pattern.js";
import { guisesOf, type Requester } from "../domain/requester.js";
import type { AdminContext } from "./admin-context.js";

/** With the grants that name the requester, and no others. */
export type NamedImage = Pick<GrantedImage, "pattern" | "grants">;

/** Each entry once, sorted by repository, tag, service. `service` null: those of every service. */
export async function findNaming(
  requester: Requester,
  service: string | null,
  { store, clock }: AdminContext,
): Promise<readonly NamedImage[]> {
  const found = new Map<number, NamedImage>();
  for (const guise of guisesOf(requester)) {
    for (const { id, pattern, grants } of await store.images.listGrantsOf(guise, clock.now())) {
      if (service !== null && (pattern.service ?? service) !== service) continue;
      found.set(id, { pattern, grants: [...(found.get(id)?.grants ?? []), ...grants] });
    }
  }
  const key = ({ pattern }: NamedImage): string => imagePatternKey(pattern);
  return [...found.values()].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
