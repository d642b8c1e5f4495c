// The command (seldom two, joined by &&) that would change a refusal into an answer, read off the decision's reasons.
import {
  normalizeActions,
  normalizePermissions,
  type Action,
  type Permission,
} from "../domain/action.js";
import type { Decision } from "../domain/decision.js";
import type { ImagePattern } from "../domain/image-pattern.js";
import type { SubjectName } from "../domain/ports.js";
import type { Reason } from "../domain/reason.js";
import { spellImage, spellService } from "./spelling.js";
import { formatSubjectName } from "./subject-reference.js";

/** The decision that is to change, and what its account may do at most (null: it is no account). */
export interface Refused extends Decision {
  readonly permissions: readonly Permission[] | null;
}

/** Answers a command line that could be typed as it stands; null where a command can't help. `image.service` as asked. */
export function suggestCommand(
  subject: SubjectName,
  image: ImagePattern,
  action: Action,
  decision: Refused,
): string | null {
  const { reasons, allowed, permissions } = decision;
  const label = formatSubjectName(subject);
  const cut = reasons.find((reason) => reason.code === "permissions-cut");
  if (cut?.code === "permissions-cut" && cut.actions.includes(action)) {
    return permissions === null ? null : lift(label, permissions, action);
  }
  if (subject.kind === "anonymous" && action !== "pull") return null;
  const taken = reasons.find((reason) => reason.code === "tag-takes-away");
  if (taken?.code === "tag-takes-away" && taken.actions.includes(action)) {
    return `dockwarden image unregister ${spellImage(taken.image)}${spellService(taken.image.service)}`;
  }
  const tag = image.tag === null ? "" : "  (the whole repository: tags need a gate)";
  const actions = normalizeActions([...allowed, action]).join(",");
  const target = spellImage({ repository: image.repository, tag: null });
  const bound = spellService(image.service ?? findService(reasons));
  const grant = `dockwarden access grant ${target} ${label} --actions ${actions}${bound}${tag}`;
  // A grant never lifts the ceiling: without the permission it would change nothing.
  const isBeyond = permissions !== null && !permissions.includes(action);
  return isBeyond ? `${lift(label, permissions, action)} && ${grant}` : grant;
}

function lift(label: string, permissions: readonly Permission[], action: Action): string {
  const lifted = normalizePermissions([...permissions, action]).join(",");
  return `dockwarden user update ${label} --permissions ${lifted}`;
}

/** The service that an entry behind the answer is bound to: a grant outside of it might not count there. */
function findService(reasons: readonly Reason[]): string | null {
  const images = reasons.flatMap((reason) => [
    ...("image" in reason ? [reason.image] : []),
    ...("images" in reason ? reason.images : []),
    ...("by" in reason ? [reason.by] : []),
  ]);
  return images.find(({ service }) => service !== null)?.service ?? null;
}
