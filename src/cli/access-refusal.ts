// `dockwarden access check --ref`: the refusal that a log line or audit list names, how it was decided, and what would be now.
import { checkAccess } from "../admin/access-check.js";
import type { AdminContext } from "../admin/admin-context.js";
import { ACTIONS, type Action } from "../domain/action.js";
import { formatReference, parseReference, type RefusalSum } from "../domain/activity.js";
import { parseImagePattern } from "../domain/image-pattern.js";
import {
  describeRefused,
  describeSum,
  formatWho,
  isNumbered,
  toPublicRefusal,
} from "./audit-entries.js";
import { describeCheck, toPublicCheck } from "./access-check.js";
import { CliExit, orExit } from "./exit.js";
import { formatEnd } from "./output.js";
import type { Session } from "./session.js";

/** Exit 0 where it would be allowed now, 1 where not, 2 where no refusal has this reference. */
export async function checkReference(session: Session, text: string): Promise<void> {
  const reference = parseReference(text);
  if (reference === null) {
    throw new CliExit(
      2,
      `--ref got ${JSON.stringify(text)}; it takes six letters and digits, as a log line has in ref`,
    );
  }
  const isAllowed = await session.withAdmin(async (context) => {
    const refusal = (await context.activity.findRefusals(reference)).at(-1);
    if (refusal === undefined) {
      throw new CliExit(
        2,
        `no refusal ${text} is on record; the server writes them every two seconds and keeps them for audit.retentionDays`,
      );
    }
    const now = await checkNow(refusal, context);
    const remedy = now === null ? findRemedy(refusal) : null;
    const advice = remedy === null ? [] : [`to change that: ${remedy}`];
    const lines = [...describeThen(refusal), ...(now?.lines ?? advice)];
    const data = { refusal: toPublicRefusal(refusal), now: now?.data ?? null, remedy };
    session.answer(data, `${lines.join("\n")}\n`);
    return now?.isAllowed ?? false;
  });
  if (!isAllowed) throw new CliExit(1, "");
}

function describeThen(refusal: RefusalSum): readonly string[] {
  const { image, service, tried, credential, program, path } = refusal;
  if (refusal.isRest) {
    const reference = formatReference(refusal.reference);
    return [
      "one of so many kinds of refusals in that hour that they were counted only",
      `  ${describeSum(refusal)}, the last at ${formatEnd(refusal.lastAt)}`,
      `the server's log has each of them: the lines with ${reference} in ref or refs say who, what and why`,
    ];
  }
  const by = program === "" ? "" : ` by ${program}`;
  const how = credential === "" ? "" : ` (${credential})`;
  const where = image === "" ? "" : ` for ${image}`;
  const what = `${formatWho(tried)}${how} was refused${where} on ${service === "" ? "no service" : service}`;
  return [
    what,
    `  ${describeRefused(refusal)}`,
    `  ${describeSum(refusal)}${by}, the last at ${formatEnd(refusal.lastAt)}`,
    ...(path === "" ? [] : ["decided then:", ...path.split("\n").map((line) => `  ${line}`)]),
  ];
}

interface Now {
  readonly isAllowed: boolean;
  readonly lines: readonly string[];
  readonly data: object;
}

/** No repository: those of the gate may have a tag. */
const isCatalog = (image: string): boolean => image === "registry:catalog";

/** Of a refusal that no image decided. */
function findRemedy({ reason, tried, image, credential, isRest }: RefusalSum): string | null {
  if (isRest) return null;
  if (isNumbered(credential) && reason !== "not_allowed")
    return findRenewal(reason, tried, credential);
  switch (reason) {
    case "not_allowed":
      return isCatalog(image)
        ? "only an account with admin gets this (dockwarden user update NAME --permissions admin)"
        : null;
    case "bad_password":
    case "no_password":
    case "password_too_old":
      return `dockwarden user passwd ${tried}, and docker login again`;
    case "disabled":
      return `dockwarden user enable ${tried}`;
    case "expired":
      return `dockwarden user update ${tried} --expires 90d, or never`;
    case "unknown_account":
      return tried === ""
        ? "a name that can be one: dockwarden user list"
        : `dockwarden user add ${tried}`;
    case "unknown_service":
    case "missing_service":
      return "set auth.token.service of the registry to one of token.services";
    case "gate_bypassed":
      return "make the registry's port reachable for the door alone: docs/ledger.md";
    case "immutable":
      return "push another tag; to let tags be overwritten and deleted again: dockwarden image update IMAGE --no-immutable";
    case "not_known_yet":
      return `dockwarden image sync ${image}`;
    case "takes_others":
      return "delete tags one by one, or as an account that may delete all that goes along";
    case "unchecked":
      return "make the registry answer at registry.urls: dockwarden doctor";
    case "tokens_only":
      return `dockwarden token create ${tried === "" ? "NAME" : tried}, and docker login with the token as the password`;
    case "throttled_account":
      return `nothing, if somebody guesses: it opens by itself; otherwise dockwarden user unlock ${tried}`;
    case "throttled_network":
      return "wait a few minutes; who guesses from there: dockwarden audit summary";
    case "credential_unknown":
      return "docker login again";
    case "bad_secret":
    case "nameless":
      return "the account's name with one of its tokens, as it was shown: dockwarden token list";
    case "busy":
    case "unavailable":
      return "try again; if it goes on: dockwarden doctor";
    default:
      return "the client sent what is no token request; see docs/troubleshooting.md";
  }
}

/** Of a personal token, secret or login that no longer works. */
function findRenewal(reason: string, tried: string, credential: string): string {
  const [kind, id] = credential.split(":");
  if (reason === "unconfirmed") return `dockwarden token confirm ${id ?? "ID"}`;
  if (reason === "credential_account_disabled") {
    return `dockwarden ${kind === "secret" ? "robot" : "user"} enable ${tried}`;
  }
  if (kind === "refresh") return "docker login again";
  return kind === "secret"
    ? `dockwarden robot rotate ${tried}`
    : `dockwarden token create ${tried}`;
}

/** All that was asked, asked again: a push needs its pull, too. Null where nothing of the kind can be asked. */
async function checkNow(refusal: RefusalSum, context: AdminContext): Promise<Now | null> {
  const { tried, image, service } = refusal;
  if (refusal.reason !== "not_allowed" || isCatalog(image)) return null;
  const actions = findAsked(refusal);
  const pattern = parseImagePattern(image, service);
  if (actions.length === 0 || !pattern.ok || refusal.isRest) return null;
  const isKnown = tried === "" || (await context.store.accounts.find(tried)) !== null;
  if (!isKnown) return null;
  const subject =
    tried === "" ? ({ kind: "anonymous" } as const) : ({ kind: "account", name: tried } as const);
  const outcome = orExit(await checkAccess(subject, pattern.value, actions, context));
  const place = { subject: formatWho(tried), image, service };
  const lines = describeCheck({ ...place, action: actions.join(" and ") }, outcome);
  return {
    isAllowed: outcome.allowed,
    lines: ["now:", ...lines.map((line) => `  ${line}`)],
    data: toPublicCheck({ ...place, asked: actions }, outcome),
  };
}

/** The actions that were asked for; none where only words that are no action were not given. */
function findAsked({ asked, given }: RefusalSum): readonly Action[] {
  const words = asked.split(",");
  if (words.includes("*")) return ["pull"];
  const actions = ACTIONS.filter((action) => words.includes(action));
  const had = given.split(",");
  return actions.every((action) => had.includes(action)) ? [] : actions;
}
