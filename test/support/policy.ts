// A policy written compactly for tests of the decision: images, who has grants on them, and who asks.
import type { Action, Permission } from "../../src/domain/action.js";
import { normalizeActions } from "../../src/domain/action.js";
import type { Ceiling } from "../../src/domain/ceiling.js";
import { decide, type Decision, type PolicySettings } from "../../src/domain/decision.js";
import type { GrantedImage, Subject } from "../../src/domain/image.js";
import { parseImagePattern, type ImagePattern } from "../../src/domain/image-pattern.js";
import { formatReason } from "../../src/domain/reason.js";
import type { Requester } from "../../src/domain/requester.js";

/** Account and group ids of tests, by name. */
const IDS = ["alice", "bob", "carol", "root", "ml", "team", "a.b", "axb"];

export const OFF: PolicySettings = {
  unlisted: [],
  hasPersonalNamespace: false,
  tagEnforcement: "off",
};
export const GATE: PolicySettings = { ...OFF, tagEnforcement: "gate" };

/** `"alice"`, `"group:ml"`, `"@authenticated"`, `"@anonymous"`. */
export function subject(text: string): Subject {
  if (text === "@authenticated") return { kind: "authenticated" };
  if (text === "@anonymous") return { kind: "anonymous" };
  const isGroup = text.startsWith("group:");
  const name = isGroup ? text.slice(6) : text;
  return { kind: isGroup ? "group" : "account", id: IDS.indexOf(name) + 1, name };
}

/** `team/app:v*`, in one service where it is given. */
export function pattern(text: string, service: string | null = null): ImagePattern {
  const parsed = parseImagePattern(text, service);
  if (!parsed.ok) throw new Error(`${text}: ${parsed.error}`);
  return parsed.value;
}

/** `open("team/**", { "group:ml": "pull,push" })`. */
export function open(
  text: string,
  grants: Readonly<Record<string, string>>,
  service: string | null = null,
): GrantedImage {
  return image(text, grants, { isExclusive: false, service });
}

/** The same, exclusive. */
export function exclusive(
  text: string,
  grants: Readonly<Record<string, string>>,
  service: string | null = null,
): GrantedImage {
  return image(text, grants, { isExclusive: true, service });
}

let nextId = 1;

function image(
  text: string,
  grants: Readonly<Record<string, string>>,
  options: { readonly isExclusive: boolean; readonly service: string | null },
): GrantedImage {
  nextId += 1;
  return {
    id: nextId,
    pattern: pattern(text, options.service),
    isExclusive: options.isExclusive,
    isImmutable: false,
    grants: Object.entries(grants).map(([name, actions]) => ({
      subject: subject(name),
      actions: normalizeActions(actions.split(",") as Action[]),
      expiresAt: null,
      createdAt: 0,
    })),
  };
}

export const ANONYMOUS: Requester = { kind: "anonymous" };

/** `person("alice", "view,pull", ["ml"])`. */
export function person(
  name: string,
  permissions: string,
  groups: readonly string[] = [],
  ceiling: Ceiling = { kind: "none" },
): Requester {
  return {
    kind: "account",
    id: IDS.indexOf(name) + 1,
    name,
    accountKind: "user",
    permissions: permissions === "" ? [] : (permissions.split(",") as Permission[]),
    groups: groups.map((group) => ({ id: IDS.indexOf(group) + 1, name: group })),
    ceiling,
  };
}

export interface Question {
  readonly who: Requester;
  /** `team/app`, or with a tag as the gate asks. */
  readonly target: string;
  readonly images: readonly GrantedImage[];
  readonly service?: string;
  readonly policy?: PolicySettings;
}

/** Asks `decide`. */
export function ask(question: Question): Decision {
  const { repository, tag } = pattern(question.target);
  return decide({
    requester: question.who,
    target: { service: question.service ?? "reg", repository, tag },
    images: question.images,
    policy: question.policy ?? OFF,
  });
}

/** The allowed actions as `pull,push`, and the reasons as sentences. */
export function answer(question: Question): { may: string; because: readonly string[] } {
  const decision = ask(question);
  return { may: decision.allowed.join(","), because: decision.reasons.map(formatReason) };
}
