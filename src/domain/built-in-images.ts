// The images that settings make: what every account may do where nothing else is registered, and everybody's own namespace.
import { ACTIONS, normalizeActions, type Action } from "./action.js";
import type { GrantedImage, Subject } from "./image.js";
import type { ReasonImage } from "./reason.js";
import { personalNamespaceOf, type Requester } from "./requester.js";

/** `policy.*` of the configuration, as far as it makes images. */
export interface BuiltInSettings {
  /** What `@authenticated` may do where no image says otherwise; empty: nothing (`deny`). */
  readonly unlisted: readonly Action[];
  readonly hasPersonalNamespace: boolean;
}

const UNLISTED_ID = -1;
const PERSONAL_NAMESPACE_ID = -2;

/** The two built-in images of DESIGN §2 rule 4; their patterns come from settings, and the name is inserted literally. */
export function builtInImages(
  requester: Requester,
  policy: BuiltInSettings,
): readonly GrantedImage[] {
  const builtIns: GrantedImage[] = [];
  if (policy.unlisted.length > 0 && requester.kind === "account") {
    builtIns.push(builtIn(UNLISTED_ID, "**", { kind: "authenticated" }, policy.unlisted));
  }
  const namespace = policy.hasPersonalNamespace ? personalNamespaceOf(requester) : null;
  if (namespace !== null && requester.kind === "account") {
    const subject = { kind: "account" as const, id: requester.id, name: requester.name };
    builtIns.push(builtIn(PERSONAL_NAMESPACE_ID, `${namespace}/**`, subject, ACTIONS));
  }
  return builtIns;
}

function builtIn(
  id: number,
  repository: string,
  subject: Subject,
  actions: readonly Action[],
): GrantedImage {
  const grant = { subject, actions: normalizeActions(actions), expiresAt: null, createdAt: 0 };
  return {
    id,
    pattern: { service: null, repository, tag: null },
    isExclusive: false,
    isImmutable: false,
    grants: [grant],
  };
}

/** Which setting made the image; null: somebody registered it. */
export function settingBehind({ id }: GrantedImage): ReasonImage["builtIn"] {
  if (id === UNLISTED_ID) return "unlisted";
  return id === PERSONAL_NAMESPACE_ID ? "personal-namespace" : null;
}
