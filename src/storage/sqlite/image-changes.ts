// What the audit says of a change of images and grants.
import type { ChangeName, ChangeState, NewChange } from "../../domain/change.js";
import { formatSubject, type Grant, type Subject } from "../../domain/image.js";
import { formatImagePattern, type ImagePattern } from "../../domain/image-pattern.js";
import type { RegisteredImage } from "../../domain/ports.js";

/** A registration, an update or a removal; at least one of the two states is there. */
export function imageChange(
  verb: "image.register" | "image.update" | "image.unregister",
  before: RegisteredImage | null,
  after: RegisteredImage | null,
): NewChange {
  const image = after ?? before;
  if (image === null) throw new Error("a change without an image");
  const grants = [...(before?.grants ?? []), ...(after?.grants ?? [])];
  return {
    verb,
    names: [nameOf(image.pattern), ...grants.flatMap(({ subject }) => subjectName(subject))],
    before: before === null ? null : imageState(before),
    after: after === null ? null : imageState(after),
  };
}

/** A grant that was given, replaced, cut or taken. */
export function grantChange(
  verb: "access.grant" | "access.revoke",
  target: { readonly pattern: ImagePattern; readonly subject: Subject },
  states: { readonly before: Grant | null; readonly after: Grant | null },
): NewChange {
  const { pattern, subject } = target;
  const state = (grant: Grant | null): ChangeState =>
    grant === null
      ? null
      : { subject: formatSubject(subject), service: pattern.service, ...grantState(grant) };
  return {
    verb,
    names: [nameOf(pattern), ...subjectName(subject)],
    before: state(states.before),
    after: state(states.after),
  };
}

function imageState(image: RegisteredImage): ChangeState {
  return {
    service: image.pattern.service,
    exclusive: image.isExclusive,
    immutable: image.isImmutable,
    grants: image.grants.map((grant) => ({
      subject: formatSubject(grant.subject),
      ...grantState(grant),
    })),
    digest: image.digest,
    size: image.size,
    created: image.created,
    description: image.description,
  };
}

const grantState = (grant: Grant): Readonly<Record<string, unknown>> => ({
  actions: grant.actions,
  expires: grant.expiresAt,
});

const nameOf = (pattern: ImagePattern): ChangeName => ({
  kind: "image",
  name: formatImagePattern(pattern),
});

/** `@authenticated` and `@anonymous` have no name of their own. */
const subjectName = (subject: Subject): readonly ChangeName[] =>
  subject.kind === "account" || subject.kind === "group"
    ? [{ kind: subject.kind, name: subject.name }]
    : [];
