// `dockwarden access …`: grant, revoke and explain.
import type { Command } from "commander";
import {
  checkAccess,
  grantAccess,
  revokeAccess,
  type AccessOutcome,
} from "../admin/access-admin.js";
import { parseSubject } from "../admin/subject-reference.js";
import { parseWhen } from "../admin/when.js";
import { formatImagePattern, isLiteral } from "../domain/image-pattern.js";
import type { Grant } from "../domain/image.js";
import { CliExit, orExit } from "./exit.js";
import { findGrantHint, findSwapHint } from "./hints.js";
import { readImage } from "./image-words.js";
import { formatEnd } from "./output.js";
import type { Session } from "./session.js";
import { toAction, toActions } from "./words.js";

interface AccessOptions {
  readonly actions?: string;
  readonly expires?: string;
  readonly service?: string;
  readonly literal?: boolean;
  readonly anyway?: boolean;
}

const describeGrant = (grant: Grant | null): string => {
  if (grant === null) return "nothing";
  const end = grant.expiresAt === null ? "" : ` until ${formatEnd(grant.expiresAt)}`;
  return `${grant.actions.join(", ")}${end}`;
};

/** Adds the verbs of `access`. */
export function addAccessCommands(program: Command, session: Session): void {
  const access = program.command("access").description("who may do what, and why");
  access
    .command("grant <image> <subject> [more...]")
    .description("give an account, group:NAME, @authenticated or @anonymous access to an image")
    .option(
      "--actions <list>",
      "pull,push,delete; without it every action, within the account's permissions",
    )
    .option("--expires <when>", "30d, 12h or 2027-01-31")
    .option("--service <name>", "in one registry only")
    .option("--literal", "a host:port/ prefix is part of the name")
    .option("--anyway", "a rule with a tag although nothing enforces tags")
    .action((image: string, subject: string, more: readonly string[], options: AccessOptions) =>
      changeAccess(session, "granted", [image, subject, ...more], options),
    );
  access
    .command("revoke <image> <subject> [more...]")
    .description("take a grant, or some of its actions")
    .option("--actions <list>", "only these; without it the whole grant")
    .option("--service <name>", "the entry of one registry")
    .option("--literal", "a host:port/ prefix is part of the name")
    .action((image: string, subject: string, more: readonly string[], options: AccessOptions) =>
      changeAccess(session, "revoked", [image, subject, ...more], options),
    );
  access
    .command("check <subject> <image> [more...]")
    .description("what a client would get now, and why (exit 0 allowed, 1 not)")
    .option("--action <action>", "pull, push or delete", "pull")
    .option("--service <name>", "one of token.services; without it the first")
    .option("--literal", "a host:port/ prefix is part of the name")
    .action(
      (
        subject: string,
        image: string,
        more: readonly string[],
        options: AccessOptions & { action: string },
      ) => check(session, [subject, image, ...more], options),
    );
}

async function changeAccess(
  session: Session,
  verb: "granted" | "revoked",
  words: readonly string[],
  options: AccessOptions,
): Promise<void> {
  await session.withAdmin(async (context) => {
    const hint = await findGrantHint(words, verb === "granted" ? "grant" : "revoke", context);
    if (hint !== null) throw new CliExit(2, hint);
    const [imageText = "", subjectText = ""] = words;
    const subject = orExit(parseSubject(subjectText));
    const pattern = readImage(session, context, imageText, options);
    const now = context.clock.now();
    const order = {
      pattern,
      subject,
      actions: options.actions === undefined ? null : toActions(options.actions),
      expiresAt: options.expires === undefined ? null : orExit(parseWhen(options.expires, now)),
      isAnyway: options.anyway === true,
    };
    const act = verb === "granted" ? grantAccess : revokeAccess;
    const outcome = orExit(await act(order, context));
    const image = formatImagePattern(pattern);
    const data = {
      image,
      subject: subjectText,
      before: outcome.before?.actions ?? [],
      after: outcome.after?.actions ?? [],
      newEntry: outcome.isNewEntry,
      effects: outcome.effects,
    };
    session.answer(data, describeOutcome(verb, image, subjectText, outcome));
  });
}

function describeOutcome(
  verb: string,
  image: string,
  subject: string,
  outcome: AccessOutcome,
): string {
  const entry = outcome.isNewEntry ? " (new entry, not exclusive)" : "";
  const before = outcome.before === null ? "" : `  before: ${describeGrant(outcome.before)}\n`;
  const head = `${verb} on ${image}${entry} for ${subject}: ${describeGrant(outcome.after)}\n`;
  return `${head}${before}${outcome.effects.map((line) => `  ${line}\n`).join("")}`;
}

async function check(
  session: Session,
  words: readonly string[],
  options: AccessOptions & { readonly action: string },
): Promise<void> {
  const action = toAction(options.action);
  const isAllowed = await session.withAdmin(async (context) => {
    const hint = await findSwapHint(words, context);
    if (hint !== null) throw new CliExit(2, hint);
    const [subjectText = "", imageText = ""] = words;
    const subject = orExit(parseSubject(subjectText));
    const pattern = readImage(session, context, imageText, options);
    const service = pattern.service ?? context.settings.services[0] ?? "";
    if (!isLiteral(formatImagePattern(pattern))) {
      throw new CliExit(2, `${imageText} is a pattern; ask about one repository that it names`);
    }
    const outcome = orExit(await checkAccess(subject, pattern, action, context));
    const { allowed, actions, reasons, suggestion } = outcome;
    const data = { allowed, actions, reasons: reasons.map(({ text }) => text) };
    const lines = [
      `${allowed ? "yes" : "no"}: ${subjectText} may ${allowed ? "" : "not "}${action} ${formatImagePattern(pattern)} on ${service}`,
      `  may: ${actions.join(", ") || "nothing"}`,
      ...reasons.map(({ text }) => `  ${text}`),
      ...(suggestion === null ? [] : [`to change that: ${suggestion}`]),
    ];
    session.answer(data, `${lines.join("\n")}\n`);
    return allowed;
  });
  if (!isAllowed) throw new CliExit(1, "");
}
