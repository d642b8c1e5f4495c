// What the gate's denials say: to the person who is refused, to the log, and on record.
import {
  formatReference,
  PATH_MAX,
  type ActivityRecorder,
  type Sender,
} from "../domain/activity.js";
import { formatReason } from "../domain/reason.js";
import type { Requester } from "../domain/requester.js";
import type { BearerIdentity } from "../gate/authenticate-bearer.js";
import type { Denial } from "../gate/gate-answer.js";
import type { ProxiedRequest } from "../gate/proxied-request.js";

/** One line without a full stop: `reader may pull telechat but not push`. Docker writes `denied:` before it. */
export function describeDenial(
  denial: Denial,
  asked: ProxiedRequest,
  { requester }: Pick<BearerIdentity, "requester">,
): string {
  const repository = repositoryOf(asked);
  const who = nameOf(requester);
  switch (denial.reason) {
    case "not-allowed":
      return describeNotAllowed(denial, repository, requester);
    case "digest-not-allowed":
      return `${who} may ${ACTION_OF[asked.access]} none of the tags of ${repository} that lead to this digest`;
    case "not-known-yet":
      return `this digest of ${repository} is not known yet; try again in a few seconds, or ask the registry's operator (dockwarden image sync)`;
    case "takes-others":
      return denial.tag === null
        ? `${who} may not delete everything in ${repository} that may go with this digest; delete tags, or ask the registry's operator`
        : `${repository}:${denial.tag} would go with this digest, and ${who} may not delete it`;
    case "immutable":
      return denial.action === "push"
        ? `${repository}:${denial.tag} exists and is immutable; push another tag`
        : `${repository}:${denial.tag} is immutable and can't be deleted`;
    case "unchecked":
      return `whether the immutable ${repository}:${denial.tag} exists can't be asked of the registry now; try again`;
  }
}

/** What the request would have done with the tags; nothing else is refused for their sake. */
const ACTION_OF = { read: "pull", write: "push", delete: "delete", other: "pull" } as const;

function describeNotAllowed(
  { action, tag, decision }: Extract<Denial, { reason: "not-allowed" }>,
  repository: string,
  requester: Requester,
): string {
  const image = tag === null ? repository : `${repository}:${tag}`;
  const others = decision.allowed.filter((allowed) => allowed !== action);
  if (requester.kind === "anonymous" && others.length === 0) {
    return `${image} is not public, and nobody is signed in; run docker login`;
  }
  const who = nameOf(requester);
  if (others.length === 0) return `${who} may not ${action} ${image}`;
  return `${who} may ${others.join(" and ")} ${image} but not ${action}`;
}

const nameOf = (requester: Requester): string =>
  requester.kind === "account" ? requester.name : "who is not signed in";

const repositoryOf = ({ place }: ProxiedRequest): string =>
  place.kind === "root" ? "" : place.repository;

export interface DenialNote {
  /** `not_allowed`, `not_known_yet`, … */
  readonly reason: string;
  readonly sub: string;
  readonly service: string;
  readonly image: string;
  readonly asked: string;
  readonly ref: string;
}

/** Puts a denial on record and answers what its line in the log says. */
export function noteDenial(
  recorder: ActivityRecorder,
  order: {
    readonly denial: Denial;
    readonly asked: ProxiedRequest;
    readonly who: BearerIdentity;
    readonly sender: Sender;
  },
): DenialNote {
  const { denial, asked, who, sender } = order;
  const { requester, service, credential } = who;
  const reason = reasonOf(denial);
  const image = imageOf(denial, asked);
  const action = actionOf(denial, asked);
  const sub = requester.kind === "account" ? requester.name : "";
  const reference = recorder.refused(
    {
      isStranger: requester.kind === "anonymous",
      isSignIn: false,
      tried: sub,
      credential,
      service,
      image,
      asked: action,
      given: "",
      reason,
      path: () => pathOf(denial).slice(0, PATH_MAX),
    },
    sender,
  );
  return { reason, sub, service, image, asked: action, ref: formatReference(reference) };
}

/** One word for what the rules deny, however it was reached. */
function reasonOf({ reason }: Denial): string {
  return reason === "digest-not-allowed" ? "not_allowed" : reason.replaceAll("-", "_");
}

/** With the tag that decided, where there is one: `access check --ref` asks about it again. */
function imageOf(denial: Denial, asked: ProxiedRequest): string {
  const repository = repositoryOf(asked);
  const tag =
    denial.reason === "digest-not-allowed" ? (denial.tags[0] ?? null) : tagOfDenial(denial);
  return tag === null ? repository : `${repository}:${tag}`;
}

function tagOfDenial(denial: Denial): string | null {
  return "tag" in denial ? denial.tag : null;
}

function actionOf(denial: Denial, { access }: ProxiedRequest): string {
  if ("action" in denial) return denial.action;
  return { read: "pull", write: "push", delete: "delete", other: "" }[access];
}

function pathOf(denial: Denial): string {
  switch (denial.reason) {
    case "not-allowed":
      return denial.decision.reasons.map(formatReason).join("\n");
    case "digest-not-allowed":
      return `the digest is reached by ${denial.tags.join(", ") || "past tags alone"}`;
    case "not-known-yet":
      return "no tag is known that reaches the digest; dockwarden image sync reads the registry anew";
    case "takes-others":
      return "a digest goes with all of its tags, and with what indexes name";
    case "immutable":
      return "an immutable image binds everybody; dockwarden image update --no-immutable takes that away";
    case "unchecked":
      return denial.message;
  }
}
