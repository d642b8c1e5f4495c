// The one command that would change a refusal into an answer, read off the decision's reasons.
import { normalizeActions, type Action } from "../domain/action.js";
import type { Decision } from "../domain/decision.js";
import { formatImagePattern, isLiteral, type ImagePattern } from "../domain/image-pattern.js";
import type { SubjectName } from "../domain/ports.js";
import type { ReasonImage } from "../domain/reason.js";
import { formatSubjectName } from "./subject-reference.js";

/** Answers a command line that could be typed as it stands; null where a command can't help. */
export function suggestCommand(
  subject: SubjectName,
  image: ImagePattern,
  action: Action,
  decision: Decision,
): string | null {
  const { reasons, allowed } = decision;
  const label = formatSubjectName(subject);
  const cut = reasons.find((reason) => reason.code === "permissions-cut");
  if (cut?.code === "permissions-cut" && cut.actions.includes(action)) {
    if (subject.kind === "anonymous") return null;
    const permissions = [...new Set([...cut.permissions, action])].join(",");
    return `dockwarden user update ${label} --permissions ${permissions}`;
  }
  if (subject.kind === "anonymous" && action !== "pull") return null;
  const taken = reasons.find((reason) => reason.code === "tag-takes-away");
  if (taken?.code === "tag-takes-away" && taken.actions.includes(action)) {
    return `dockwarden image unregister ${quote(taken.image)}${service(taken.image)}`;
  }
  const tag = image.tag === null ? "" : "  (the whole repository: tags need a gate)";
  const actions = normalizeActions([...allowed, action]).join(",");
  const target = formatImagePattern({ ...image, tag: null });
  const bound = image.service === null ? "" : ` --service ${image.service}`;
  return `dockwarden access grant ${isLiteral(target) ? target : `"${target}"`} ${label} --actions ${actions}${bound}${tag}`;
}

function quote(image: ReasonImage): string {
  const name = image.tag === null ? image.repository : `${image.repository}:${image.tag}`;
  return isLiteral(name) ? name : `"${name}"`;
}

function service(image: ReasonImage): string {
  return image.service === null ? "" : ` --service ${image.service}`;
}
