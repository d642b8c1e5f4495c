// Why a decision came out as it did: data for --json and audit, and one plain sentence each for people.
import type { Action, Permission } from "./action.js";

/** An image as a reason names it. */
export interface ReasonImage {
  readonly repository: string;
  readonly tag: string | null;
  readonly service: string | null;
  readonly isExclusive: boolean;
  /** The two images that settings make (DESIGN §2 rule 4); null for a registered one. */
  readonly builtIn: "unlisted" | "personal-namespace" | null;
}

interface GrantReason {
  readonly image: ReasonImage;
  /** As on the command line: `alice`, `group:ml`, `@authenticated`, `@anonymous`. */
  readonly subject: string;
  readonly actions: readonly Action[];
}

export type Reason =
  /** The account has `admin`: everything is allowed that its credential allows. */
  | { readonly code: "admin" }
  /** No image matches. */
  | { readonly code: "no-image" }
  /** Images match, but none of their grants names the requester. */
  | { readonly code: "no-grant"; readonly images: readonly ReasonImage[] }
  /** The grant counts. */
  | ({ readonly code: "grant" } & GrantReason)
  /** The grant does not count: it was made outside the exclusive image `by`. */
  | ({ readonly code: "shut-out"; readonly by: ReasonImage } & GrantReason)
  /** The grant is on a tag, and without a gate grants on tags add nothing. */
  | ({ readonly code: "tag-not-enforced" } & GrantReason)
  /** Without a gate an exclusive tagged image takes these actions from the whole repository. */
  | {
      readonly code: "tag-takes-away";
      readonly image: ReasonImage;
      readonly actions: readonly Action[];
    }
  /** Granted, but not within the account's permissions. */
  | {
      readonly code: "permissions-cut";
      readonly actions: readonly Action[];
      readonly permissions: readonly Permission[];
    }
  /** Granted, but not within the ceiling of the credential that was used. */
  | { readonly code: "credential-cut"; readonly actions: readonly Action[] };

/** `team/app:v1`, with ` on SERVICE` where it is bound to one, or the name of the setting behind a built-in image. */
export function formatReasonImage(image: ReasonImage): string {
  if (image.builtIn === "unlisted") return "policy.unlisted";
  if (image.builtIn === "personal-namespace")
    return `policy.personalNamespace (${image.repository})`;
  const name = image.tag === null ? image.repository : `${image.repository}:${image.tag}`;
  return image.service === null ? name : `${name} on ${image.service}`;
}

const list = (words: readonly string[]): string =>
  words.length === 0 ? "nothing" : words.join(", ");

/** One sentence without a full stop, as `access check` prints it. */
export function formatReason(reason: Reason): string {
  switch (reason.code) {
    case "admin":
      return "admin: everything is allowed, whatever the images say";
    case "no-image":
      return "no image matches, and policy.unlisted gives nothing";
    case "no-grant":
      return `no grant on ${reason.images.map(formatReasonImage).join(", ")} names this account, its groups, @authenticated or @anonymous`;
    case "grant":
      return `${formatReasonImage(reason.image)} grants ${list(reason.actions)} to ${reason.subject}`;
    case "shut-out":
      return `the grant of ${list(reason.actions)} to ${reason.subject} on ${formatReasonImage(reason.image)} does not count: ${formatReasonImage(reason.by)} is exclusive, and the grant was made outside it`;
    case "tag-not-enforced":
      return `the grant of ${list(reason.actions)} to ${reason.subject} on ${formatReasonImage(reason.image)} adds nothing: it names a tag, and without a gate (policy.tagEnforcement: off) grants on tags add nothing`;
    case "tag-takes-away":
      return `exclusive ${formatReasonImage(reason.image)} takes away ${list(reason.actions)} for the whole repository: without a gate (policy.tagEnforcement: off) a token can't keep one tag apart`;
    case "permissions-cut":
      return `${list(reason.actions)} granted, but cut: the account's permissions are ${list(reason.permissions)}`;
    case "credential-cut":
      return `${list(reason.actions)} allowed to the account, but not to the credential that was used`;
  }
}
