// Rows of credentials as SQLite gives them, and the domain's values made of them.
import type { Sender } from "../../domain/activity.js";
import type { Ceiling } from "../../domain/ceiling.js";
import {
  CREDENTIAL_KINDS,
  END_REASONS,
  nameCredential,
  type Credential,
  type ListedCredential,
} from "../../domain/credential.js";
import { formatImagePattern, type ImagePattern } from "../../domain/image-pattern.js";
import { NO_CEILING } from "../../domain/requester.js";
import { readActions } from "./rows.js";

export interface CredentialRow {
  readonly id: number;
  readonly account_id: number;
  readonly kind: string;
  readonly service: string | null;
  readonly images: string | null;
  readonly actions: string | null;
  readonly description: string | null;
  readonly created_at: number;
  readonly created_address: string | null;
  readonly created_program: string | null;
  readonly expires_at: number | null;
  readonly used_at: number | null;
  readonly used_address: string | null;
  readonly used_program: string | null;
  readonly ended_at: number | null;
  readonly end_reason: string | null;
  readonly is_unconfirmed: number;
}

export interface ListedRow extends CredentialRow {
  readonly account: string;
}

/** Every column but the digest, which nobody needs to see. */
export const CREDENTIAL_COLUMNS = `c.id, c.account_id, c.kind, c.service, c.images, c.actions, c.description, c.created_at,
  c.created_address, c.created_program, c.expires_at, c.used_at, c.used_address, c.used_program, c.ended_at, c.end_reason,
  c.epoch < (SELECT coalesce(max(epoch), 0) FROM credential_epoch) AS is_unconfirmed`;

/** A ListedRow of each credential; a WHERE follows. */
export const LISTED = `SELECT ${CREDENTIAL_COLUMNS}, a.name AS account FROM credential c JOIN account a ON a.id = c.account_id`;

export function readCredential(row: CredentialRow): Credential {
  const kind = CREDENTIAL_KINDS.find((known) => known === row.kind);
  if (kind === undefined)
    throw new Error(`the store holds a credential of unknown kind: ${row.kind}`);
  return {
    id: row.id,
    accountId: row.account_id,
    kind,
    ceiling: readCeiling(row),
    service: row.service,
    description: row.description,
    createdAt: row.created_at,
    createdFrom: readSender(row.created_address, row.created_program),
    expiresAt: row.expires_at,
    lastUse:
      row.used_at === null
        ? null
        : { at: row.used_at, address: row.used_address ?? "", program: row.used_program ?? "" },
    isUnconfirmed: row.is_unconfirmed === 1,
    end: readEnd(row),
  };
}

export function readListed(row: ListedRow): ListedCredential {
  return { ...readCredential(row), account: row.account };
}

/** What the audit shows of a credential; its secret is known to nobody. */
export function credentialState(credential: Credential): Readonly<Record<string, unknown>> {
  const { ceiling } = credential;
  return {
    credential: nameCredential(credential),
    service: credential.service,
    images: ceiling.kind === "none" ? null : (ceiling.images?.map(formatCeilingImage) ?? null),
    actions: ceiling.kind === "none" ? null : ceiling.actions,
    description: credential.description,
    expires: credential.expiresAt,
  };
}

/** The two columns of a ceiling. */
export function ceilingColumns(ceiling: Ceiling): {
  images: string | null;
  actions: string | null;
} {
  if (ceiling.kind === "none") return { images: null, actions: null };
  return {
    images: ceiling.images === null ? null : JSON.stringify(ceiling.images),
    actions: ceiling.actions === null ? null : ceiling.actions.join(","),
  };
}

function readCeiling(row: CredentialRow): Ceiling {
  if (row.images === null && row.actions === null) return NO_CEILING;
  return {
    kind: "narrowed",
    images: row.images === null ? null : (JSON.parse(row.images) as ImagePattern[]),
    actions: row.actions === null ? null : readActions(row.actions),
  };
}

function formatCeilingImage(pattern: ImagePattern): string {
  const image = formatImagePattern(pattern);
  return pattern.service === null ? image : `${image} on ${pattern.service}`;
}

function readSender(address: string | null, program: string | null): Sender | null {
  return address === null ? null : { address, program: program ?? "" };
}

function readEnd(row: CredentialRow): Credential["end"] {
  if (row.ended_at === null) return null;
  const reason = END_REASONS.find((known) => known === row.end_reason) ?? "revoked";
  return { at: row.ended_at, reason };
}
