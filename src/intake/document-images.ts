// One image of a policy document: `repository[:tag]`, perhaps bound to a service, with who may do what.
import type { AdminSettings } from "../admin/admin-context.js";
import { parseImageReference } from "../admin/image-reference.js";
import { findRecordFault } from "../admin/records.js";
import { parseSubject } from "../admin/subject-reference.js";
import { parseFixedEnd } from "../admin/when.js";
import { ACTIONS, normalizeActions, type Action } from "../domain/action.js";
import type { NewGrant } from "../domain/ports.js";
import type { StatedImage } from "../domain/stated-policy.js";
import { FIXED_END } from "./document-accounts.js";
import type { ImageEntry } from "./document-schema.js";
import type { FaultSink } from "./policy-document.js";
import type { TreePath } from "./yaml-tree.js";

export interface NamedImage {
  /** `IMAGE` or `IMAGE on SERVICE`, as it is written. */
  readonly key: string;
  readonly entry: ImageEntry;
  readonly path: TreePath;
}

/** Null where it has faults. */
export function readImageEntry(
  { key, entry, path }: NamedImage,
  settings: AdminSettings,
  sink: FaultSink,
): (StatedImage & { readonly key: string }) | null {
  let faults = 0;
  const refuse = (where: TreePath, message: string): void => {
    faults += 1;
    sink.add([...path, ...where], message);
  };
  const [image = "", service = null, ...more] = key.split(" on ");
  if (more.length > 0) refuse([], "is bound to several services; write an entry for each");
  const options = { service, isLiteral: entry.literal === true };
  const reference = parseImageReference(image, options, settings);
  if (!reference.ok) refuse([], forFiles(reference.error.message));
  if (entry.users !== undefined && entry.grants != null)
    refuse(["grants"], "there are users as well; write them all as grants, with exclusive: true");
  if (entry.users !== undefined && entry.exclusive === false)
    refuse(["exclusive"], "users have the image to themselves; write grants where others may come");
  const fault =
    entry.description === undefined ? null : findRecordFault("description", entry.description);
  if (fault !== null) refuse(["description"], fault.error.message);
  const grants = [
    ...(entry.users ?? []).flatMap((text, at) => readUser(text, ["users", at], refuse)),
    ...Object.entries(entry.grants ?? {}).flatMap(([text, grant]) =>
      readGrant(text, grant, refuse),
    ),
  ];
  if (faults > 0 || !reference.ok) return null;
  return {
    key,
    pattern: reference.value.pattern,
    isExclusive: entry.users !== undefined || entry.exclusive === true,
    isImmutable: entry.immutable === true,
    facts: {
      digest: entry.digest ?? null,
      size: entry.size ?? null,
      created: entry.created ?? null,
      description: entry.description ?? null,
    },
    grants,
    areAllGrants: true,
  };
}

/** The command line's words for what a file can say. */
const forFiles = (message: string): string =>
  message.replace("repeat with --literal (in a program: isLiteral)", "add literal: true below it");

type Refuse = (where: TreePath, message: string) => void;

function readUser(text: string, where: TreePath, refuse: Refuse): readonly NewGrant[] {
  const subject = parseSubject(text);
  if (!subject.ok) {
    refuse(where, subject.error.message);
    return [];
  }
  if (subject.value.kind === "authenticated" || subject.value.kind === "anonymous") {
    refuse(where, `users are accounts and groups; write ${text} as one of the grants`);
    return [];
  }
  return [{ subject: subject.value, actions: ACTIONS, expiresAt: null }];
}

type GrantEntry = NonNullable<ImageEntry["grants"]>[string];

function readGrant(text: string, entry: GrantEntry, refuse: Refuse): readonly NewGrant[] {
  const where = ["grants", text];
  const subject = parseSubject(text);
  if (!subject.ok) {
    refuse(where, subject.error.message);
    return [];
  }
  const isPlain = entry === "all" || Array.isArray(entry);
  const { actions = "all", expires } = isPlain ? { actions: entry } : entry;
  const end = expires === undefined ? null : parseFixedEnd(expires);
  if (end === undefined) {
    refuse([...where, "expires"], FIXED_END);
    return [];
  }
  // Whoever did not sign in can have pull alone: all that there is for them.
  const all: readonly Action[] = subject.value.kind === "anonymous" ? ["pull"] : ACTIONS;
  const granted = normalizeActions(actions === "all" ? all : actions);
  return [{ subject: subject.value, actions: granted, expiresAt: end }];
}
