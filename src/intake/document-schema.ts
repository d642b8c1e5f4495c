// The shape of a policy document; its JSON schema for editors is made of the same words.
import type { infer as Infer, ZodType } from "zod";
import { z } from "../config/zod.js";
import { ACTIONS, PERMISSIONS } from "../domain/action.js";

const text = z.string("must be text; put numbers and dates in quotes");
const claim = z.boolean("must be true or false");
const end = text.describe(
  "the end of that day (2027-01-31, UTC) or that second (2027-01-31T12:00:00Z), or never",
);
const actions = z
  .array(z.enum(ACTIONS, "actions are pull, push and delete"), "must be a list of actions")
  .min(1, "must name at least one action; leave the grant out for none")
  .describe("some of pull, push, delete; push brings pull");

export const accountSchema = z
  .strictObject({
    kind: z
      .enum(["user", "robot"], "must be user or robot")
      .optional()
      .describe("a person (default) or a machine"),
    permissions: z
      .array(
        z.enum(PERMISSIONS, "permissions are view, pull, push, delete and admin"),
        "must be a list of permissions",
      )
      .optional()
      .describe("the ceiling of the account; view and pull where it is absent"),
    email: text.optional().describe("for your records"),
    enabled: claim.optional().describe("false: gets no token; true where it is absent"),
    expires: end.optional(),
    owner: text.optional().describe("the user who answers for a robot"),
    passwordHash: text
      .optional()
      .describe("argon2id or bcrypt ($2a$, $2b$, $2y$ up to cost 14), as htpasswd -B makes it"),
    passwordFile: text
      .optional()
      .describe("a file with the password on one line, beside this document or absolute"),
  })
  .nullable()
  .describe("absent passwords stay as they are");

const grantSchema = z
  .union(
    [
      z.literal("all"),
      actions,
      z.strictObject({
        actions: z.union([z.literal("all"), actions]).optional(),
        expires: end.optional(),
      }),
    ],
    "must be all, a list of actions such as [pull, push], or actions: and expires: below it",
  )
  .describe("all, some actions, or actions with an end");

export const imageSchema = z
  .strictObject({
    users: z
      .array(text, "must be a list of accounts and groups, such as [developer, group:ml]")
      .optional()
      .describe("accounts and group:NAME who have it to themselves, with every action: exclusive"),
    grants: z
      .record(text, grantSchema, "must have subjects with actions below it, such as alice: [pull]")
      .nullable()
      .optional()
      .describe("account, group:NAME, @authenticated or @anonymous, and what each may do"),
    exclusive: claim.optional().describe("shuts out every grant made outside of it"),
    immutable: claim
      .optional()
      .describe("its tags can be made once, and neither changed nor deleted"),
    literal: claim.optional().describe("a host:port/ before the name is part of it"),
    digest: text.optional(),
    size: z
      .int("must be a whole number of bytes")
      .min(0, "must be a whole number of bytes")
      .optional(),
    created: text.optional(),
    description: text.optional(),
  })
  .describe("an entry: who may do what with a repository, or with a pattern of them");

const record = <T extends ZodType>(value: T, what: string) =>
  z.record(z.string(), value, `must have ${what} below it, each by its name`).nullable().optional();

export const documentSchema = z
  .strictObject(
    {
      dockwarden: z
        .literal(1, "must be 1: the version of this format")
        .describe("the version of this format"),
      accounts: record(accountSchema, "accounts").describe(
        "users and robots by name; a section that is absent says nothing, one that is there says all",
      ),
      groups: record(
        z.array(text, "must be a list of accounts, such as [alice, bob]").nullable(),
        "groups",
      ).describe("the members of each group"),
      images: record(imageSchema, "images").describe(
        'by repository[:tag], or a pattern such as "team/**"; bound to one service: "team/app on registry"',
      ),
    },
    "must be sections: dockwarden: 1, then accounts:, groups:, images:",
  )
  .describe("A policy for Dockwarden");

export type AccountEntry = NonNullable<Infer<typeof accountSchema>>;
export type ImageEntry = Infer<typeof imageSchema>;
export type DocumentShape = Infer<typeof documentSchema>;

/** JSON Schema (draft 2020-12) for editors. */
export function renderDocumentSchema(): string {
  const schema = z.toJSONSchema(documentSchema, { io: "input" });
  return `${JSON.stringify({ title: "Dockwarden policy", ...schema }, null, 2)}\n`;
}
