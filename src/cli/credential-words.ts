// Credentials as the command line shows them: rows and sentences for people, data for scripts.
import {
  formatCeiling,
  formatSender,
  formatUse,
  type SeenCredential,
} from "../admin/credential-listing.js";
import { formatImagePattern, type ImagePattern } from "../domain/image-pattern.js";
import type { CredentialKind, CredentialUse, EndReason } from "../domain/credential.js";
import { formatEnd, formatTable } from "./output.js";

export const KIND_NAMES: Readonly<Record<CredentialKind, string>> = {
  token: "personal token",
  secret: "robot secret",
  refresh: "login",
};

const END_WORDS: Readonly<Record<EndReason, string>> = {
  revoked: "revoked",
  expired: "expired",
  idle: "unused for too long",
  "password-changed": "the password was changed",
  "account-disabled": "the account was disabled",
  "account-ended": "the account ended",
  "account-removed": "the account was removed",
  displaced: "too many logins",
  rotated: "replaced by newer secrets",
};

/** `live`, or why it is refused and what would change that. */
export function describeState(credential: SeenCredential): string {
  const { ended, end, id, isUnconfirmed, isHolderActive } = credential;
  if (ended !== null) {
    const at = end === null ? "" : ` at ${formatEnd(end.at)}`;
    return `ended${at}: ${END_WORDS[ended]}`;
  }
  if (isUnconfirmed && credential.kind === "refresh")
    return "from before a restore: ended, unless it is confirmed by its id";
  if (isUnconfirmed) return `from before a restore: waits for dockwarden token confirm ${id}`;
  return isHolderActive ? "live" : "refused: the account is not active";
}

/** When and, for logins, where it was made. */
function describeMade({ createdAt, createdFrom }: SeenCredential): string {
  return createdFrom === null
    ? formatEnd(createdAt)
    : `${formatEnd(createdAt)} ${formatSender(createdFrom)}`;
}

/** By account, sorted as given; logins hang on the password, whose end is theirs. */
export function formatCredentialTree(credentials: readonly SeenCredential[]): string {
  const accounts = new Map<string, SeenCredential[]>();
  for (const one of credentials) {
    const own = accounts.get(one.account);
    if (own === undefined) accounts.set(one.account, [one]);
    else own.push(one);
  }
  const describe = (one: SeenCredential): string =>
    `${KIND_NAMES[one.kind]} ${describeCredential(one)}`;
  const rows = [...accounts].flatMap(([account, own]) => {
    const logins = own.filter(({ kind }) => kind === "refresh");
    const branches = [
      ...(logins.length === 0 ? [] : ["password"]),
      ...logins.map((login) => `└ ${describe(login)}`),
      ...own.filter(({ kind }) => kind !== "refresh").map(describe),
    ];
    return branches.map((branch, at) => [at === 0 ? account : "", branch]);
  });
  return formatTable(["account", "credential"], rows);
}

/** One line of a tree: `12 (CI laptop): pull on team/app; made …; ends …; last use …`. */
export function describeCredential(credential: SeenCredential): string {
  const { id, description, ceiling, endsAt, lastUse } = credential;
  const about = description === null ? "" : ` (${description})`;
  const may = ceiling.kind === "none" ? [] : [formatCeiling(ceiling)];
  const state = describeState(credential);
  const parts = [
    ...may,
    `made ${describeMade(credential)}`,
    `ends ${formatEnd(endsAt)}`,
    `last use ${formatUse(lastUse)}`,
    ...(state === "live" ? [] : [state]),
  ];
  return `${id}${about}: ${parts.join("; ")}`;
}

const toPublicUse = (use: CredentialUse | null): Record<string, unknown> | null =>
  use === null ? null : { at: formatEnd(use.at), address: use.address, program: use.program };

/** As in lists of images; `service` null: in every registry. */
const toPublicPlace = (pattern: ImagePattern): Record<string, unknown> => ({
  image: formatImagePattern(pattern),
  service: pattern.service,
});

/** What scripts see of a credential; `images` and `actions` null: not narrowed. */
export function toPublicCredential(credential: SeenCredential): Record<string, unknown> {
  const { ceiling, createdFrom, endsAt, ended } = credential;
  const isNarrowed = ceiling.kind === "narrowed";
  return {
    id: credential.id,
    account: credential.account,
    kind: credential.kind,
    description: credential.description,
    images: isNarrowed ? (ceiling.images?.map(toPublicPlace) ?? null) : null,
    actions: isNarrowed ? ceiling.actions : null,
    service: credential.service,
    created: formatEnd(credential.createdAt),
    createdFrom,
    expires: endsAt === null ? null : formatEnd(endsAt),
    lastUse: toPublicUse(credential.lastUse),
    live: ended === null && credential.isHolderActive && !credential.isUnconfirmed,
    accountActive: credential.isHolderActive,
    unconfirmed: credential.isUnconfirmed,
    ended,
    endedAt: credential.end === null ? null : formatEnd(credential.end.at),
  };
}
