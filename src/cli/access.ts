// `dockwarden access …`: grant, revoke and explain.
import type { Command } from "commander";
import { grantAccess, revokeAccess, type AccessOutcome } from "../admin/access-admin.js";
import { formatSubjectName, parseSubject } from "../admin/subject-reference.js";
import { parseWhen } from "../admin/when.js";
import { formatImagePattern } from "../domain/image-pattern.js";
import type { Grant } from "../domain/image.js";
import type { CheckOptions } from "./access-check.js";
import type { ReviewOptions } from "./access-review.js";
import { CliExit, orExit } from "./exit.js";
import { findGrantHint } from "./hints.js";
import { readImage } from "./image-words.js";
import { formatEnd } from "./output.js";
import type { Session } from "./session.js";
import { toActions } from "./words.js";

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
    .command("check [subject] [image] [more...]")
    .description("what a client would get now, and why (exit 0 allowed, 1 not)")
    .option("--ref <reference>", "the refusal that a log line or audit list calls so")
    .option("--action <action>", "pull, push or delete", "pull")
    .option("--service <name>", "one of token.services; without it the first")
    .option("--literal", "a host:port/ prefix is part of the name")
    .action((...given: CheckArguments) => {
      const [subject, image, more, options, command] = given;
      const words = [subject, image, ...more].filter(isGiven);
      const { ref } = options;
      return ref === undefined
        ? checkOne(session, words, options)
        : checkRefused(session, ref, [...words, ...listTyped(command, QUESTION_OPTIONS)]);
    });
  addOverviews(access, session);
}

/** As commander calls it. */
type CheckArguments = [
  subject: string | undefined,
  image: string | undefined,
  more: readonly string[],
  options: CheckOptions & { readonly ref?: string },
  command: Command,
];

const isGiven = (word: string | undefined): word is string => word !== undefined;

/** What asks a question of its own. */
const QUESTION_OPTIONS = ["action", "service", "literal"];

/** Those of the options that stand on the command line; a default does not. */
const listTyped = (command: Command, names: readonly string[]): readonly string[] =>
  names.filter((name) => command.getOptionValueSource(name) === "cli").map((name) => `--${name}`);

async function checkOne(
  session: Session,
  words: readonly string[],
  options: CheckOptions,
): Promise<void> {
  if (words.length < 2) {
    throw new CliExit(2, "name both: dockwarden access check SUBJECT IMAGE; or --ref REFERENCE");
  }
  const { check } = await import("./access-check.js");
  return check(session, words, options);
}

async function checkRefused(
  session: Session,
  reference: string,
  others: readonly string[],
): Promise<void> {
  if (others.length > 0) {
    throw new CliExit(2, `--ref says who and what by itself; leave out ${others.join(" ")}`);
  }
  const { checkReference } = await import("./access-refusal.js");
  return checkReference(session, reference);
}

/** What shows many rights at once. */
function addOverviews(access: Command, session: Session): void {
  access
    .command("list <subject>")
    .description("what an account (or @anonymous) may do, and by which grants")
    .option("--service <name>", "in one registry")
    .action(async (subject: string, options: { service?: string }) => {
      const { listHeld } = await import("./access-holders.js");
      await listHeld(session, subject, options);
    });
  access
    .command("who <image>")
    .description("everybody who may do something with an image, and by what")
    .option("--action <action>", "pull, push or delete", "pull")
    .option("--service <name>", "one of token.services; without it the first")
    .option("--literal", "a host:port/ prefix is part of the name")
    .action(async (image: string, options: CheckOptions) => {
      const { listHolders } = await import("./access-holders.js");
      await listHolders(session, image, options);
    });
  access
    .command("review")
    .description("who has what, the admins, and what needs a look: on one page")
    .option("--unused <when>", "only what was not used since: 90d, or 2027-01-31")
    .option("--account <name>", "this account and the groups that it is in")
    .option("--group <name>", "this group and its members")
    .option(
      "--limit <number>",
      "at most so many accounts and groups; without it 100, with --json all",
    )
    .option("--offset <number>", "leave out so many first")
    .action(async (options: ReviewOptions) => {
      const { review } = await import("./access-review.js");
      await review(session, options);
    });
  access
    .command("test <file>")
    .description("try lines such as `reader cannot push telechat`; - reads standard input")
    .option("--policy <document>", "on what a policy document says alone, without a store")
    .action(async (file: string, options: { policy?: string }) => {
      const { testExpectations } = await import("./access-test.js");
      await testExpectations(session, file, options.policy ?? null);
    });
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
    const subjectName = formatSubjectName(subject);
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
      subject: subjectName,
      before: outcome.before?.actions ?? [],
      after: outcome.after?.actions ?? [],
      newEntry: outcome.isNewEntry,
      effects: outcome.effects,
    };
    session.answer(data, describeOutcome(verb, image, subjectName, outcome));
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
