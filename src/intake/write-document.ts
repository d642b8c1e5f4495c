// The store's policy as a document that `apply` takes: nothing secret in it, but password hashes where they are asked for.
import { Document, isScalar, isSeq, visit } from "yaml";
import type { AdminSettings } from "../admin/admin-context.js";
import { parseImageReference } from "../admin/image-reference.js";
import { ACTIONS } from "../domain/action.js";
import { formatSubject, type Grant } from "../domain/image.js";
import { formatImagePattern, type ImagePattern } from "../domain/image-pattern.js";
import type { RegisteredImage } from "../domain/ports.js";
import type { AccountState, PolicyState } from "../domain/stated-policy.js";
import { formatTime } from "../domain/time.js";

export interface WriteOptions {
  readonly withHashes: boolean;
}

type Plain = Readonly<Record<string, unknown>>;

/** The document as plain values, every section in it. */
export function describePolicy(
  state: PolicyState,
  { withHashes }: WriteOptions,
  settings: AdminSettings,
): Plain {
  return {
    dockwarden: 1,
    accounts: Object.fromEntries(
      state.accounts.map((one) => [one.account.name, describeAccount(one, withHashes)]),
    ),
    groups: Object.fromEntries(state.groups.map(({ name, members }) => [name, members])),
    images: Object.fromEntries(
      state.images.map((image) => [nameImage(image.pattern), describeImage(image, settings)]),
    ),
  };
}

/** YAML with one line for each list. */
export function formatDocument(policy: Plain): string {
  const document = new Document(policy, { aliasDuplicateObjects: false });
  visit(document, {
    Seq: (_key, node) => {
      if (isSeq(node) && node.items.every((item) => isScalar(item))) node.flow = true;
    },
  });
  return document.toString({ lineWidth: 0, flowCollectionPadding: false });
}

/** What is left out has its default. */
function describeAccount(
  { account, owner, passwordHash }: AccountState,
  withHashes: boolean,
): Plain {
  return {
    ...(account.kind === "robot" ? { kind: "robot" } : {}),
    permissions: account.permissions.includes("admin") ? ["admin"] : account.permissions,
    ...(account.email === null ? {} : { email: account.email }),
    ...(account.isEnabled ? {} : { enabled: false }),
    ...(account.expiresAt === null ? {} : { expires: formatTime(account.expiresAt) }),
    ...(owner === null ? {} : { owner }),
    ...(withHashes && passwordHash !== null ? { passwordHash } : {}),
  };
}

/** `team/app:v1`, or `team/app:v1 on registry` where it is bound to a service. */
export function nameImage(pattern: ImagePattern): string {
  const name = formatImagePattern(pattern);
  return pattern.service === null ? name : `${name} on ${pattern.service}`;
}

function describeImage(image: RegisteredImage, settings: AdminSettings): Plain {
  const { isExclusive, isImmutable, grants, digest, size, created, description } = image;
  const isForUsers = isExclusive && grants.every(isWhole);
  const rules = isForUsers
    ? { users: grants.map(({ subject }) => formatSubject(subject)).sort() }
    : {
        ...(isExclusive ? { exclusive: true } : {}),
        grants: Object.fromEntries(
          grants.map((grant) => [formatSubject(grant.subject), describeGrant(grant)]),
        ),
      };
  return {
    ...rules,
    ...(isImmutable ? { immutable: true } : {}),
    ...(isLiteral(image.pattern, settings) ? { literal: true } : {}),
    ...(digest === null ? {} : { digest }),
    ...(size === null ? {} : { size }),
    ...(created === null ? {} : { created }),
    ...(description === null ? {} : { description }),
  };
}

/** To an account or a group, everything, without an end: what `users` says. */
function isWhole({ subject, actions, expiresAt }: Grant): boolean {
  const isNamed = subject.kind === "account" || subject.kind === "group";
  return isNamed && actions.length === ACTIONS.length && expiresAt === null;
}

function describeGrant({ actions, expiresAt }: Grant): unknown {
  const words = actions.length === ACTIONS.length ? "all" : actions;
  return expiresAt === null ? words : { actions: words, expires: formatTime(expiresAt) };
}

/** True where the name begins with a host, which reading would cut off or refuse. */
function isLiteral(pattern: ImagePattern, settings: AdminSettings): boolean {
  const options = { service: null, isLiteral: false };
  const read = parseImageReference(formatImagePattern(pattern), options, settings);
  return !read.ok || read.value.pattern.repository !== pattern.repository;
}
