// `dockwarden image …`: entries that say who gets which repository.
import type { Command } from "commander";
import type { AdminContext } from "../admin/admin-context.js";
import {
  findImage,
  registerImage,
  unregisterImage,
  updateImage,
  type ImageOrder,
  type ImageOutcome,
} from "../admin/image-admin.js";
import type { Audience } from "../admin/image-rules.js";
import { parseSubject } from "../admin/subject-reference.js";
import type { ImageFacts } from "../domain/image.js";
import { formatImagePattern } from "../domain/image-pattern.js";
import { confirm } from "./confirm.js";
import { CliExit, orExit } from "./exit.js";
import type { ListOptions } from "./image-listing.js";
import { addRegistryVerbs } from "./image-registry.js";
import { readImage, toPublicImage } from "./image-words.js";
import type { Session } from "./session.js";
import { splitWords, toActions, toName } from "./words.js";

interface ImageOptions {
  readonly users?: string;
  readonly internal?: boolean;
  readonly public?: boolean;
  readonly actions?: string;
  readonly service?: string;
  readonly literal?: boolean;
  readonly anyway?: boolean;
  readonly exclusive?: boolean;
  readonly immutable?: boolean;
  readonly digest?: string;
  readonly size?: string;
  readonly created?: string;
  readonly description?: string;
}

function readAudience(options: ImageOptions): Audience {
  const count = [options.users !== undefined, options.internal, options.public].filter(
    Boolean,
  ).length;
  if (count > 1) throw new CliExit(2, "give one of --users, --internal and --public");
  if (options.internal === true) return { kind: "internal" };
  if (options.public === true) return { kind: "public" };
  if (options.users === undefined) return { kind: "unsaid" };
  const words = splitWords(options.users);
  if (words.length === 0) throw new CliExit(2, "--users needs at least one account or group:NAME");
  return { kind: "users", subjects: words.map((word) => orExit(parseSubject(word))) };
}

function readFacts(options: ImageOptions): Partial<ImageFacts> {
  const { digest, size, created, description } = options;
  if (digest !== undefined && !/^[a-z0-9]+:[0-9a-f]{32,128}$/.test(digest)) {
    throw new CliExit(2, "--digest is written as sha256:… in hexadecimal");
  }
  if (size !== undefined && !/^\d{1,15}$/.test(size))
    throw new CliExit(2, "--size is a number of bytes");
  if (created !== undefined && Number.isNaN(Date.parse(created))) {
    throw new CliExit(2, "--created is a time such as 2024-12-05T12:00:00Z");
  }
  return {
    ...(digest === undefined ? {} : { digest }),
    ...(size === undefined ? {} : { size: Number(size) }),
    ...(created === undefined ? {} : { created }),
    ...(description === undefined ? {} : { description }),
  };
}

function withImageOptions(command: Command): Command {
  return command
    .option(
      "--users <list>",
      "only these accounts and groups (group:NAME): makes the image exclusive",
    )
    .option("--internal", "everybody who signed in")
    .option("--public", "anybody may pull, signed in or not")
    .option("--actions <list>", "pull,push,delete; without it every action")
    .option("--service <name>", "hold in one registry only")
    .option("--literal", "a host:port/ prefix is part of the name")
    .option("--immutable", "its tags can be made once, and neither overwritten nor deleted")
    .option("--anyway", "a rule with a tag, or immutable, although nothing enforces tags")
    .option("--digest <digest>", "for your records")
    .option("--size <bytes>", "for your records")
    .option("--created <time>", "for your records")
    .option("--description <text>", "for your records");
}

type ImageAct = (order: ImageOrder, context: AdminContext) => ReturnType<typeof registerImage>;

async function changeImage(
  session: Session,
  text: string,
  options: ImageOptions,
  act: ImageAct,
): Promise<void> {
  await session.withAdmin(async (context) => {
    const order: ImageOrder = {
      pattern: readImage(session, context, text, options),
      audience: readAudience(options),
      actions: options.actions === undefined ? null : toActions(options.actions),
      facts: readFacts(options),
      isAnyway: options.anyway === true,
      isExclusive: options.exclusive ?? null,
      isImmutable: options.immutable ?? null,
    };
    const verb = act === updateImage ? "updated" : "registered";
    report(session, verb, orExit(await act(order, context)));
  });
}

function report(session: Session, verb: string, outcome: ImageOutcome): void {
  const name = formatImagePattern(outcome.image.pattern);
  const lines = outcome.isChanged
    ? [`${name} ${verb}`, ...outcome.effects.map((line) => `  ${line}`)]
    : [`${name}: unchanged`];
  session.answer(
    { ...toPublicImage(outcome.image), changed: outcome.isChanged, effects: outcome.effects },
    `${lines.join("\n")}\n`,
  );
}

/** Adds the verbs of `image`. */
export function addImageCommands(program: Command, session: Session): void {
  const image = program.command("image").description("entries that say who gets which repository");
  withImageOptions(image.command("register <image>"))
    .description("add an entry; IMAGE is repository[:tag] or a quoted pattern")
    .action((text: string, options: ImageOptions) =>
      changeImage(session, text, options, registerImage),
    );
  withImageOptions(image.command("update <image>"))
    .description("change an entry; --users, --internal and --public replace its grants")
    .option("--exclusive", "shut out every grant made outside it")
    .option("--no-exclusive", "let other grants count again")
    .option("--no-immutable", "let its tags be overwritten and deleted again")
    .action((text: string, options: ImageOptions) =>
      changeImage(session, text, options, updateImage),
    );
  image
    .command("unregister <image>")
    .aliases(["remove", "rm"])
    .description("remove an entry with its grants; says who gets in then")
    .option("--service <name>", "the entry of one registry")
    .option("--literal", "a host:port/ prefix is part of the name")
    .option("--yes", "do not ask")
    .action((text: string, options: { service?: string; literal?: boolean; yes?: boolean }) =>
      session.withAdmin(async (context) => {
        const pattern = readImage(session, context, text, options);
        orExit(await findImage(pattern, context));
        await confirm(
          `Remove the entry ${formatImagePattern(pattern)}?`,
          options.yes === true,
          session.io,
        );
        report(session, "unregistered", orExit(await unregisterImage(pattern, context)));
      }),
    );
  image
    .command("list")
    .alias("ls")
    .description("entries, all or those that the options name; with --held what registries hold")
    .option("--for <subject>", "with a grant for it; an account's groups are included")
    .option("--pattern <image>", "that can name something it names: the rules around it")
    .option("--prefix <text>", "whose repository begins so")
    .option("--exclusive", "exclusive ones alone")
    .option("--public", "with a grant for anybody: --for @anonymous")
    .option("--service <name>", "that hold in this registry")
    .option(
      "--held",
      "what registries hold instead: tags, sizes, last pulls, and the entry, if any",
    )
    .option("--unused <time>", "what is held and has tags that nobody pulled or pushed since: 90d")
    .option(
      "--sort <order>",
      "name, registered (latest first) or size, which lists what the registry holds once that is known; what is held also by pulled and created",
      "name",
    )
    .option("--limit <number>", "at most so many")
    .option("--offset <number>", "leave out so many first")
    .action(async (options: ListOptions) => {
      const { listImages } = await import("./image-listing.js");
      await listImages(session, options);
    });
  image
    .command("show <image>")
    .aliases(["get", "inspect"])
    .description("one entry with its grants, and what registries hold of it")
    .option("--service <name>", "the entry of one registry")
    .option("--literal", "a host:port/ prefix is part of the name")
    .action(async (text: string, options: { service?: string; literal?: boolean }) => {
      const { showImage } = await import("./image-listing.js");
      await showImage(session, text, options);
    });
  addRegistryVerbs(image, session);
  image
    .command("list-accessible <account>")
    .description("what an account with view is shown, and what it may do with it")
    .action(async (name: string) => {
      const { listAccessible } = await import("./image-listing.js");
      await listAccessible(session, toName(name));
    });
}
