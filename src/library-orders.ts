// What a program asks of the library, and whether it is that: callers in JavaScript have no compiler that says so.
import type { ZodType } from "zod";
import { usage, type Refused } from "./admin/refusal.js";
import { z } from "./config/zod.js";
import type { Account } from "./domain/account.js";
import { ACTIONS, PERMISSIONS, type Action, type Permission } from "./domain/action.js";

export interface DockwardenOptions {
  /** The configuration file; without it DOCKWARDEN_CONFIG, or the defaults. */
  readonly configFile?: string;
  /** `DOCKWARDEN_…` variables instead of this process's environment. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

export interface NewUser {
  readonly name: string;
  /** Checked by `passwords.*`; absent: one is generated and answered. */
  readonly password?: string;
  /** The ceiling; `["view", "pull"]` where absent. */
  readonly permissions?: readonly Permission[];
  /** Names of groups; all must exist. */
  readonly groups?: readonly string[];
  /** For your records: one line of at most 254 characters; an empty one is none. */
  readonly email?: string;
  /** Within 100 years. */
  readonly expiresAt?: Date;
}

export interface AddedUser {
  readonly account: Account;
  /** The generated password, this once; null where one was given. */
  readonly password: string | null;
}

export interface NewImage {
  /** `team/app` or `team/**`. */
  readonly image: string;
  /** Subjects of an exclusive image (`developer`, `group:ml`), or everybody who signed in, or anybody at all. */
  readonly audience: readonly string[] | "internal" | "public";
  /** At least one; every action where absent. */
  readonly actions?: readonly Action[];
  /** One of `token.services`; absent: all. */
  readonly service?: string;
  /** One line of at most 1000 characters. */
  readonly description?: string;
  /** A `host:port/` prefix is part of the name. */
  readonly isLiteral?: boolean;
  /** Its tags can be made once, and neither overwritten nor deleted, by admins neither; needs the gate. */
  readonly isImmutable?: boolean;
  /** A rule with a tag, or an immutable one, although nothing enforces tags. */
  readonly isAnyway?: boolean;
}

export interface AccessChange {
  readonly image: string;
  /** `developer`, `group:ml`, `@authenticated` or `@anonymous`. */
  readonly subject: string;
  /** At least one. Absent, granting: every action; revoking: the whole grant. */
  readonly actions?: readonly Action[];
  readonly service?: string;
  /** Granting only, refused otherwise; within 100 years. */
  readonly expiresAt?: Date;
  readonly isLiteral?: boolean;
  /** Granting only. */
  readonly isAnyway?: boolean;
}

export interface AccessQuestion {
  /** An account, or `@anonymous`. */
  readonly subject: string;
  /** One repository, no pattern. */
  readonly image: string;
  readonly action: Action;
  /** The first of `token.services` where absent. */
  readonly service?: string;
  readonly isLiteral?: boolean;
}

const text = z.string("must be a text");
const claim = z.boolean("must be true or false").optional();
const end = z.date("must be a date ahead").optional();
const list = <T extends ZodType>(item: T, what: string) =>
  z.array(item, `must be a list of ${what}`).min(1, `must name at least one of ${what}`);
const actions = list(
  z.enum(ACTIONS, "actions are pull, push and delete"),
  "actions (leave it out for all)",
).optional();
const permissions = z
  .array(
    z.enum(PERMISSIONS, "permissions are view, pull, push, delete and admin"),
    "must be a list of permissions",
  )
  .optional();
const audience = z.union(
  [z.enum(["internal", "public"]), z.array(text).min(1, "must have at least one subject")],
  'must be a list with at least one subject, or "internal" or "public"',
);

const SCHEMAS = {
  options: z.strictObject({
    configFile: text.optional(),
    environment: z
      .record(z.string(), text.optional(), "must be an object of texts, such as process.env")
      .optional(),
  }),
  user: z.strictObject({
    name: text,
    password: text.optional(),
    permissions,
    groups: z.array(text, "must be a list of groups").optional(),
    email: text.optional(),
    expiresAt: end,
  }),
  image: z.strictObject({
    image: text,
    audience,
    actions,
    service: text.optional(),
    description: text.optional(),
    isLiteral: claim,
    isImmutable: claim,
    isAnyway: claim,
  }),
  access: z.strictObject({
    image: text,
    subject: text,
    actions,
    service: text.optional(),
    expiresAt: end,
    isLiteral: claim,
    isAnyway: claim,
  }),
  question: z.strictObject({
    subject: text,
    image: text,
    action: z.enum(ACTIONS, "actions are pull, push and delete"),
    service: text.optional(),
    isLiteral: claim,
  }),
  account: z.string("an account is a name, as a text"),
  token: z.strictObject({
    account: text,
    images: list(text, "images (leave it out for every image)").optional(),
    actions,
    service: text.optional(),
    expiresAt: end,
    description: text.optional(),
    isLiteral: claim,
    isAnyway: claim,
  }),
  tokens: z.strictObject({ account: text.optional(), withEnded: claim }),
  id: z.int("an id is a whole number, as listTokens has it").positive("an id is from 1 on"),
  robot: z.strictObject({
    name: text,
    permissions,
    owner: text.optional(),
    groups: z.array(text, "must be a list of groups").optional(),
    email: text.optional(),
    expiresAt: end,
    secretExpiresAt: end,
  }),
  rotation: z.strictObject({ name: text, secretExpiresAt: end, isAnyway: claim }),
};

/** The first thing that is wrong with what a caller gave, by the name of its property; null where nothing is. */
export function findMisuse(kind: keyof typeof SCHEMAS, given: unknown): Refused | null {
  const parsed = SCHEMAS[kind].safeParse(given);
  if (parsed.success) return null;
  const [issue] = parsed.error.issues;
  if (issue === undefined)
    return usage("that is not what this function takes; see docs/library.md");
  if (issue.code === "unrecognized_keys") {
    return usage(`there is no property ${issue.keys.join(", ")}; look for a slip of the pen`);
  }
  if (issue.path.length > 0) return usage(`${issue.path.join(".")}: ${issue.message}`);
  return usage(
    kind === "account" || kind === "id"
      ? issue.message
      : "one object is wanted; see docs/library.md",
  );
}
