// What of a token request goes on record: which images it gave, what it refused, by whom and from where.
import type { IncomingMessage } from "node:http";
import { parseName } from "../domain/account.js";
import {
  formatReference,
  PATH_MAX,
  type ActivityRecorder,
  type Sender,
} from "../domain/activity.js";
import { keepValues } from "../domain/kept-values.js";
import { formatReason } from "../domain/reason.js";
import type { RequestedScope } from "../domain/scope.js";
import type { IssuedToken, RefusedHolder } from "../token/token-answer.js";
import type { TokenRequest } from "../token/token-request.js";

const PROGRAM_MAX = 64;
const noPath = (): string => "";

/** The sender of a request, with what is printable of the name that its program gives itself. */
export function senderOf(request: IncomingMessage, address: string): Sender {
  return { address, program: programOf(request.headers["user-agent"] ?? "") };
}

const programOf = keepValues((agent) => {
  // docker sends its whole pedigree: the first word is the program, the rest its libraries.
  const [word = ""] = agent.replaceAll(/[^ -~]/g, "?").split(" ");
  return word.slice(0, PROGRAM_MAX);
});

/** The name that the credential claims, where it could be one: nothing else that a stranger types is kept. */
export function triedName(request: TokenRequest): string | null {
  return request.credential.kind === "password" ? parseName(request.credential.name) : null;
}

interface Refused {
  readonly reason: string;
  readonly sender: Sender;
  /** Whose real credential it was, for all that. */
  readonly holder?: RefusedHolder | undefined;
}

/** A request that could not be read; answers the reference as the log has it. `name`: what it claims to be, null: nobody. */
export function noteUnread(
  recorder: ActivityRecorder,
  name: string | null,
  { reason, sender }: Refused,
): string {
  const nothing = { service: "", image: "", asked: "", given: "", path: noPath };
  const who = { tried: name ?? "", credential: name === null ? "" : "password" };
  const request = { ...nothing, ...who, isStranger: true, isSignIn: true, reason };
  return formatReference(recorder.refused(request, sender));
}

/** Reasons of passwords with an account behind them that exists. */
const ACCOUNT_REASONS = ["bad_password", "disabled", "expired", "no_password", "password_too_old"];
/** Reasons of failed sign-ins that vouch for nobody. */
const STRANGER_REASONS = [
  "unknown_account",
  "bad_secret",
  "credential_unknown",
  "nameless",
  "tokens_only",
  "throttled_account",
  "throttled_network",
];

/** What the record calls a credential that proved nothing. */
const UNPROVED = { none: "", password: "password", nameless: "password", refresh: "refresh" };

/** A request that got no token; answers the reference as the log has it. */
export function noteRefused(
  recorder: ActivityRecorder,
  request: TokenRequest,
  refusal: Refused,
): string {
  // A service that is not ours is anybody's text.
  const { holder, reason } = refusal;
  const isOurs = reason !== "unknown_service";
  const [scope] = isOurs ? request.scopes : [];
  const isAccount = holder !== undefined || ACCOUNT_REASONS.includes(reason);
  const reference = recorder.refused(
    {
      isStranger: !isAccount,
      isSignIn: isAccount || STRANGER_REASONS.includes(reason),
      tried: holder?.account ?? triedName(request) ?? "",
      credential: holder?.credential ?? UNPROVED[request.credential.kind],
      service: isOurs ? request.service : "",
      image: scope === undefined ? "" : placeOf(scope),
      asked: scope?.actions.join(",") ?? "",
      given: "",
      reason,
      path: noPath,
    },
    refusal.sender,
  );
  return formatReference(reference);
}

/** A token: what it gives, and what was asked for in vain. Answers the references of the latter, as the log has them. */
export function noteIssued(
  recorder: ActivityRecorder,
  request: TokenRequest,
  issued: IssuedToken,
  sender: Sender,
): readonly string[] {
  const { subject, holder, decisions } = issued;
  const { service, scopes } = request;
  const credential = holder?.credential ?? "";
  const accountId = holder?.account ?? null;
  const give = (image: string, actions: string): void => {
    recorder.given({ account: subject, accountId, credential, service, image, actions }, sender);
  };
  if (scopes.length === 0) give("", "");
  const references: string[] = [];
  for (const scope of scopes) {
    const entry = issued.access.find(
      ({ type, name }) => type === scope.type && name === scope.name,
    );
    const given = entry?.actions ?? [];
    const image = placeOf(scope);
    if (given.length > 0) give(image, given.join(","));
    if (!isShort(scope.actions, given)) continue;
    const decision = decisions.find(({ repository }) => repository === scope.name)?.decision;
    const reference = recorder.refused(
      {
        isStranger: holder === null,
        isSignIn: false,
        tried: subject,
        credential,
        service,
        image,
        asked: scope.actions.join(","),
        given: given.join(","),
        reason: "not_allowed",
        path: () => (decision?.reasons ?? []).map(formatReason).join("\n").slice(0, PATH_MAX),
      },
      sender,
    );
    references.push(formatReference(reference));
  }
  return references;
}

/** `*` asks for all that is allowed: only nothing is too little. */
function isShort(asked: readonly string[], given: readonly string[]): boolean {
  if (asked.includes("*")) return given.length === 0;
  return asked.some((action) => !given.includes(action));
}

const placeOf = ({ type, name }: RequestedScope): string =>
  type === "repository" ? name : `${type}:${name}`;
