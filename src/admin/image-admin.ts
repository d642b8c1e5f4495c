// Use cases on images: register, update, unregister; each says what it means for whom.
import { ACTIONS, normalizeActions } from "../domain/action.js";
import { formatSubject, type ImageFacts } from "../domain/image.js";
import { formatImagePattern, type ImagePattern } from "../domain/image-pattern.js";
import type { ImageChange, NewGrant, RegisteredImage, SubjectName } from "../domain/ports.js";
import { ok, type Result } from "../domain/result.js";
import type { AdminContext } from "./admin-context.js";
import { describeGrants } from "./effect.js";
import { describeEffects, describeRest, spellUpdate } from "./image-effect.js";
import { watchImpact } from "./impact.js";
import { findRuleFault, type ImageRule } from "./image-rules.js";
import { findRecordFault } from "./records.js";
import { describeRefusal, refused, usage, type Refusal, type Refused } from "./refusal.js";
import { formatSubjectName } from "./subject-reference.js";

export interface ImageOrder extends ImageRule {
  readonly facts: Partial<ImageFacts>;
  /** `image update --exclusive | --no-exclusive`; null: as it is, or as the audience makes it. */
  readonly isExclusive: boolean | null;
}

export interface ImageOutcome {
  readonly image: RegisteredImage;
  readonly isChanged: boolean;
  /** Sentences: what it means now. */
  readonly effects: readonly string[];
}

const NO_FACTS: ImageFacts = { digest: null, size: null, created: null, description: null };

function findFactFault({ description }: Partial<ImageFacts>): Refused | null {
  return typeof description === "string" ? findRecordFault("description", description) : null;
}

/** Registers an image; the same again is unchanged, a different one is refused and names `image update`. */
export async function registerImage(
  order: ImageOrder,
  context: AdminContext,
): Promise<Result<ImageOutcome, Refusal>> {
  const isExclusive = order.audience.kind === "users";
  const isImmutable = order.isImmutable ?? false;
  const fault = findRuleFault(order, isExclusive, context) ?? findFactFault(order.facts);
  if (fault !== null) return fault;
  const now = context.clock.now();
  const grants = grantsOf(order);
  const tell = await watchImpact(order.pattern, subjectsOf(grants), context);
  const registered = await context.store.images.register(
    {
      pattern: order.pattern,
      isExclusive,
      isImmutable,
      facts: { ...NO_FACTS, ...order.facts },
      grants,
    },
    now,
  );
  if (registered.ok) {
    const effects = await describeEffects(registered.value, order, context);
    return ok({
      image: registered.value,
      isChanged: true,
      effects: [...effects, ...(await tell())],
    });
  }
  if (registered.error.reason !== "image-taken") return describeRefusal(registered.error);
  const present = await context.store.images.find(order.pattern, now);
  if (present === null) return describeRefusal(registered.error);
  if (!isSame(present, { isExclusive, isImmutable, grants, facts: order.facts })) {
    const wanted = {
      ...order,
      isImmutable: isImmutable === present.isImmutable ? null : isImmutable,
    };
    return refused(
      `${formatImagePattern(order.pattern)} is registered already (${[...kindsOf(present), describeGrants(present)].join("; ")}); to change it: ${spellUpdate(wanted)}`,
    );
  }
  return ok({ image: present, isChanged: false, effects: ["unchanged"] });
}

/** Changes what is given and nothing else; a new audience replaces all grants. */
export async function updateImage(
  order: ImageOrder,
  context: AdminContext,
): Promise<Result<ImageOutcome, Refusal>> {
  const now = context.clock.now();
  const present = await context.store.images.find(order.pattern, now);
  if (present === null) {
    return describeRefusal({ reason: "unknown-image", image: formatImagePattern(order.pattern) });
  }
  const hasAudience = order.audience.kind !== "unsaid";
  const { isImmutable } = order;
  const isIdle = !hasAudience && order.actions === null && order.isExclusive === null;
  if (isIdle && isImmutable === null && Object.keys(order.facts).length === 0) {
    return usage("nothing to change: give at least one option, such as --users or --description");
  }
  const isExclusive =
    order.isExclusive ?? (hasAudience ? order.audience.kind === "users" : present.isExclusive);
  const fault = findRuleFault(order, isExclusive, context) ?? findFactFault(order.facts);
  if (fault !== null) return fault;
  if (!hasAudience && order.actions !== null) {
    return usage(
      "--actions needs --users, --internal or --public; for one subject use dockwarden access grant",
    );
  }
  const grants = hasAudience ? grantsOf(order) : null;
  const change: ImageChange = {
    isExclusive,
    ...(isImmutable === null ? {} : { isImmutable }),
    facts: order.facts,
    ...(grants === null ? {} : { grants }),
  };
  const tell = await watchImpact(order.pattern, subjectsOf(grants ?? []), context);
  const updated = await context.store.images.update(order.pattern, change, now);
  if (!updated.ok) return describeRefusal(updated.error);
  const before = `before: ${[...kindsOf(present), describeGrants(present)].join(", ")}`;
  const effects = [
    ...(await describeEffects(updated.value, order, context)),
    ...(updated.value.isImmutable ? [] : describeLoosened(present)),
  ];
  return ok({
    image: updated.value,
    isChanged: true,
    effects: [before, ...effects, ...(await tell())],
  });
}

/** The entry, or that there is none. */
export async function findImage(
  pattern: ImagePattern,
  context: AdminContext,
): Promise<Result<RegisteredImage, Refusal>> {
  const found = await context.store.images.find(pattern, context.clock.now());
  if (found !== null) return ok(found);
  return describeRefusal({ reason: "unknown-image", image: formatImagePattern(pattern) });
}

/** Removes the entry with its grants and says who gets in then. */
export async function unregisterImage(
  pattern: ImagePattern,
  context: AdminContext,
): Promise<Result<ImageOutcome, Refusal>> {
  const tell = await watchImpact(pattern, [], context);
  const removed = await context.store.images.unregister(pattern, context.clock.now());
  if (!removed.ok) return describeRefusal(removed.error);
  const image = removed.value;
  const effects = [
    `it gave ${describeGrants(image)}`,
    ...(await describeRest(pattern, context)),
    ...describeLoosened(image),
  ];
  return ok({ image, isChanged: true, effects: [...effects, ...(await tell())] });
}

const kindsOf = ({ isExclusive, isImmutable }: RegisteredImage): readonly string[] => [
  ...(isExclusive ? ["exclusive"] : []),
  ...(isImmutable ? ["immutable"] : []),
];

/** What ends where an image was immutable. */
const describeLoosened = ({ isImmutable }: RegisteredImage): readonly string[] =>
  isImmutable
    ? [
        "it was immutable: tags that it names can be overwritten and deleted now, unless another immutable image names them",
      ]
    : [];

const subjectsOf = (grants: readonly NewGrant[]): readonly SubjectName[] =>
  grants.map(({ subject }) => subject);

function grantsOf(order: ImageOrder): readonly NewGrant[] {
  const actions = normalizeActions(order.actions ?? ACTIONS);
  const grant = (subject: SubjectName, granted = actions): NewGrant => ({
    subject,
    actions: granted,
    expiresAt: null,
  });
  switch (order.audience.kind) {
    case "unsaid":
    case "internal":
      return [grant({ kind: "authenticated" })];
    case "public":
      return [grant({ kind: "anonymous" }, ["pull"])];
    case "users":
      return order.audience.subjects.map((subject) => grant(subject));
  }
}

function isSame(
  present: RegisteredImage,
  wanted: {
    readonly isExclusive: boolean;
    readonly isImmutable: boolean;
    readonly grants: readonly NewGrant[];
    readonly facts: Partial<ImageFacts>;
  },
): boolean {
  const have = present.grants.map(
    (grant) => `${formatSubject(grant.subject)} ${grant.actions.join()} ${grant.expiresAt ?? ""}`,
  );
  const want = wanted.grants.map(
    (grant) =>
      `${formatSubjectName(grant.subject)} ${grant.actions.join()} ${grant.expiresAt ?? ""}`,
  );
  const areGrantsSame = have.sort().join("\n") === [...new Set(want)].sort().join("\n");
  const areFactsSame = Object.entries(wanted.facts).every(
    ([key, value]) => present[key as keyof ImageFacts] === value,
  );
  const isKindSame =
    present.isExclusive === wanted.isExclusive && present.isImmutable === wanted.isImmutable;
  return isKindSame && areGrantsSame && areFactsSame;
}
