// The commands (one where one is enough) that would change a refusal into an answer: each is tried on the decision first.
import { formatTime } from "../domain/time.js";
import {
  normalizeActions,
  normalizePermissions,
  type Action,
  type Permission,
} from "../domain/action.js";
import { decide, type DecisionInput } from "../domain/decision.js";
import type { ImagePattern } from "../domain/image-pattern.js";
import { subjectKey, type GrantedImage } from "../domain/image.js";
import { guisesOf } from "../domain/requester.js";
import type { EpochSeconds } from "../domain/time.js";
import { spellImage, spellService } from "./spelling.js";

/** A command line, and what the decision would be made of after it. */
interface Step {
  readonly command: string;
  readonly apply: (input: DecisionInput) => DecisionInput;
}

/**
 * Answers commands that could be typed as they stand, joined by &&, after which all of `actions` (at least one) would be
 * allowed; null where none helps. `asked` is the image as it was asked for: without a service where the first one was meant.
 */
export function suggestCommand(
  input: DecisionInput,
  asked: ImagePattern,
  actions: readonly Action[],
): string | null {
  const isPullOnly = actions.every((action) => action === "pull");
  if (input.requester.kind === "anonymous" && !isPullOnly) return null;
  const lift = liftPermissions(input, actions);
  // Before a gate the grant on the tag that was asked for is inside of whatever is exclusive there: no other tag is touched.
  const { tag } = input.target;
  const exact =
    tag === null
      ? []
      : servicesFor(input, asked, tag).map((service) =>
          giveGrant(input, { service, repository: asked.repository, tag }, actions),
        );
  const tagged = tag === null ? input.images.filter(isTaggedWall) : [];
  const grantTags = tagged.map((image) => giveGrant(input, image.pattern, actions));
  const unregister = tagged.map(unregisterImage);
  const grants = servicesFor(input, asked, null).map((service) =>
    giveGrant(input, { service, repository: asked.repository, tag: null }, actions),
  );
  // What opens least comes first.
  const plans: readonly (readonly Step[])[] = [
    [],
    ...exact.map((grant) => [grant]),
    grantTags,
    ...grants.map((grant) => [grant]),
    ...grants.map((grant) => [grant, ...grantTags]),
    unregister,
    ...grants.map((grant) => [grant, ...unregister]),
  ];
  const plan = plans
    .map((steps) => [...lift, ...steps])
    .find((steps) => steps.length > 0 && helps(input, steps, actions));
  if (plan === undefined) return null;
  return plan.map(({ command }) => command).join(" && ");
}

function helps(input: DecisionInput, steps: readonly Step[], actions: readonly Action[]): boolean {
  const { allowed } = decide(steps.reduce((state, step) => step.apply(state), input));
  return actions.every((action) => allowed.includes(action));
}

const isTaggedWall = (image: GrantedImage): boolean =>
  image.isExclusive && image.pattern.tag !== null;

/** A grant never lifts the ceiling: without the permission none would change anything. */
function liftPermissions(
  { requester }: DecisionInput,
  actions: readonly Action[],
): readonly Step[] {
  if (requester.kind === "anonymous") return [];
  const { permissions: held } = requester;
  if (actions.every((action) => held.includes(action))) return [];
  const permissions: readonly Permission[] = normalizePermissions([...held, ...actions]);
  return [
    {
      command: `dockwarden ${requester.accountKind} update ${requester.name} --permissions ${permissions.join(",")}`,
      apply: (input) => ({ ...input, requester: { ...requester, permissions } }),
    },
  ];
}

/** An entry bound to the service may be the one that counts there; one for every service is tried first otherwise. */
function servicesFor(
  input: DecisionInput,
  asked: ImagePattern,
  tag: string | null,
): readonly (string | null)[] {
  if (asked.service !== null) return [asked.service];
  const { service } = input.target;
  const own = input.images.filter(
    ({ pattern }) => pattern.repository === asked.repository && pattern.tag === tag,
  );
  const isBound = own.length > 0 && own.every(({ pattern }) => pattern.service !== null);
  return isBound ? [service, null] : [null, service];
}

/** `access grant` with what the subject's own grant there gives already, because the new one replaces it. */
function giveGrant(input: DecisionInput, pattern: ImagePattern, wanted: readonly Action[]): Step {
  const [subject] = guisesOf(input.requester);
  if (subject === undefined) throw new Error("a requester without a guise");
  const isEntry = (image: GrantedImage): boolean =>
    image.pattern.repository === pattern.repository &&
    image.pattern.tag === pattern.tag &&
    image.pattern.service === pattern.service;
  const entry = input.images.find(isEntry);
  const key = subjectKey(subject);
  const others = entry?.grants.filter((grant) => subjectKey(grant.subject) !== key) ?? [];
  const present = entry?.grants.find((grant) => subjectKey(grant.subject) === key);
  const actions = normalizeActions([...(present?.actions ?? []), ...wanted]);
  const expiresAt = present?.expiresAt ?? null;
  const granted: GrantedImage = {
    id: entry?.id ?? NEW_ENTRY_ID,
    isExclusive: entry?.isExclusive ?? false,
    isImmutable: entry?.isImmutable ?? false,
    pattern,
    grants: [...others, { subject, actions, createdAt: 0, expiresAt }],
  };
  const label = subject.kind === "account" ? subject.name : `@${subject.kind}`;
  const anyway = pattern.tag === null || input.policy.tagEnforcement === "gate" ? "" : " --anyway";
  return {
    command: `dockwarden access grant ${spellImage(pattern)} ${label} --actions ${actions.join(",")}${spellEnd(expiresAt)}${spellService(pattern.service)}${anyway}`,
    apply: (state) => ({
      ...state,
      images: [...state.images.filter((image) => !isEntry(image)), granted],
    }),
  };
}

const NEW_ENTRY_ID = 0;

/** To the second, so that the end stays the same. */
const spellEnd = (expiresAt: EpochSeconds | null): string =>
  expiresAt === null ? "" : ` --expires ${formatTime(expiresAt)}`;

function unregisterImage(image: GrantedImage): Step {
  const { pattern } = image;
  return {
    command: `dockwarden image unregister ${spellImage(pattern)}${spellService(pattern.service)}`,
    apply: (state) => ({ ...state, images: state.images.filter(({ id }) => id !== image.id) }),
  };
}
