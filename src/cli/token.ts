// `dockwarden token …`: personal tokens, and every credential seen and ended.
import type { Command } from "commander";
import { REGISTRY_OPTION } from "./registry-words.js";
import type { Session } from "./session.js";
import type { ConfirmOptions, CreateOptions, RevokeOptions } from "./token-acts.js";

const collect = (word: string, earlier: readonly string[]): readonly string[] => [...earlier, word];

/** Adds the verbs of `token`. */
export function addTokenCommands(program: Command, session: Session): void {
  const token = program
    .command("token")
    .description("personal tokens; every token, secret and login seen and ended");
  token
    .command("create <account>")
    .alias("add")
    .description("make a personal token, a password for one purpose; it is printed this once")
    .option(
      "--image <image>",
      "only this repository or quoted pattern; may be repeated",
      collect,
      [],
    )
    .option("--actions <list>", "only these: pull,push,delete")
    .option("--service <name>", "in one registry only")
    .option("--expires <when>", "90d without it, 365d at most: 30d, 12h or 2027-01-31")
    .option("--description <text>", "what it is for: shown in lists")
    .option("--literal", "a host:port/ prefix is part of the image's name")
    .option(...REGISTRY_OPTION)
    .option("--anyway", "an image with a tag although nothing enforces tags")
    .action(async (account: string, options: CreateOptions) => {
      const { createOne } = await import("./token-acts.js");
      await createOne(session, account, options);
    });
  token
    .command("list [account]")
    .alias("ls")
    .description("personal tokens, robots' secrets and logins that are live, and their last use")
    .option("--ended", "also those that have ended and are still on record")
    .action(async (account: string | undefined, options: { ended?: boolean }) => {
      const { listAll } = await import("./token-acts.js");
      await listAll(session, account, options.ended === true);
    });
  token
    .command("revoke [id...]")
    .aliases(["remove", "rm", "delete"])
    .description("end tokens, secrets and logins for ever, by the numbers of token list")
    .option("--account <account>", "all that this account has, instead of numbers")
    .option("--logins", "with --account: what docker login keeps, and nothing else")
    .option("--yes", "do not ask")
    .action(async (ids: readonly string[], options: RevokeOptions) => {
      const { revoke } = await import("./token-acts.js");
      await revoke(session, ids, options);
    });
  token
    .command("confirm [id...]")
    .description("let tokens and secrets from before a restore work again")
    .option("--all", "all of them")
    .action(async (ids: readonly string[], options: ConfirmOptions) => {
      const { confirmWaiting } = await import("./token-acts.js");
      await confirmWaiting(session, ids, options);
    });
}
