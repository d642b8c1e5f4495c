// `dockwarden robot …`: accounts for machines, which sign in with secrets.
import { Option, type Command } from "commander";
import { CliExit } from "./exit.js";
import { changeAccount, removeAccount } from "./account-act.js";
import { REGISTRY_OPTION } from "./registry-words.js";
import type { AddOptions, RotateOptions, UpdateOptions } from "./robot-acts.js";
import type { Session } from "./session.js";
import { showAccount } from "./user-listing.js";
import { toName } from "./words.js";

const PERMISSIONS_DEFAULT = "pull";

/** How the secret is printed. */
function addOutputOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        "--output <form>",
        "text (the secret alone), env, dockerconfig (for ~/.docker/config.json) or kubernetes (a Secret)",
      ).default("text"),
    )
    .option(...REGISTRY_OPTION)
    .option("--secret-expires <when>", "90d without it, 365d at most: 30d, 12h or 2027-01-31");
}

/** Adds the verbs of `robot`. */
export function addRobotCommands(program: Command, session: Session): void {
  const robot = program.command("robot").description("accounts for machines, without a password");
  addOutputOptions(robot.command("add <name>"))
    .alias("create")
    .description("add a robot; its first secret is printed this once")
    .option(
      "--permissions <list>",
      "ceiling: view,pull,push,delete,admin or none",
      PERMISSIONS_DEFAULT,
    )
    .option("--owner <account>", "the user who answers for it")
    .option("--groups <list>", "groups to join")
    .option("--email <address>", "for your records")
    .option("--expires <when>", "the robot's own end: 30d, 12h or 2027-01-31")
    .action(async (name: string, options: AddOptions) => {
      const { addOne } = await import("./robot-acts.js");
      await addOne(session, name, options);
    });
  addOutputOptions(robot.command("rotate <name>"))
    .description("another secret; the one before goes on until it ends or is revoked")
    .option("--yes", "end the older of two secrets although it is still used")
    .action(async (name: string, options: RotateOptions) => {
      const { rotateOne } = await import("./robot-acts.js");
      await rotateOne(session, name, options);
    });
  robot
    .command("list")
    .alias("ls")
    .description("robots with their owners, secrets and last use")
    .option("--owner <account>", "of this user alone")
    .action(async (options: { owner?: string }) => {
      const { listRobots } = await import("./robot-acts.js");
      await listRobots(session, options);
    });
  robot
    .command("show <name>")
    .aliases(["get", "inspect"])
    .description("one robot with its secrets, owner, groups and grants")
    .action((name: string) => showAccount(session, toName(name), true));
  const update = robot.command("update <name>");
  refuseBoth(update, "owner");
  update
    .description("change owner, permissions, email or end")
    .option("--owner <account>", "the user who answers for it")
    .option("--no-owner", "nobody answers for it")
    .option("--permissions <list>", "replaces the permissions")
    .option("--email <address>", "an empty one removes it")
    .option("--expires <when>", "30d, 12h, 2027-01-31 or never")
    .action(async (name: string, options: UpdateOptions) => {
      const { updateOne } = await import("./robot-acts.js");
      await updateOne(session, name, options);
    });
  addStateCommands(robot, session);
}

/** `--NAME VALUE` and `--no-NAME` in one command: which of them counts would depend on their order. */
function refuseBoth(command: Command, name: string): void {
  const given = new Set<string>();
  for (const option of [name, `no-${name}`]) {
    command.on(`option:${option}`, () => {
      given.add(option);
      if (given.size === 2)
        throw new CliExit(2, `--${name} and --no-${name} exclude each other; give one of them`);
    });
  }
}

function addStateCommands(robot: Command, session: Session): void {
  robot
    .command("rename <name> <new>")
    .description("another name to sign in with; grants, groups and secrets stay")
    .action((name: string, next: string) =>
      changeAccount(session, {
        kind: "robot",
        name: toName(name),
        verb: "rename",
        change: { name: toName(next) },
        line: `${toName(name)} is ${toName(next)} now; grants, groups and secrets stay; pipelines sign in as ${toName(next)} from now on`,
      }),
    );
  robot
    .command("disable <name>")
    .description("no token from the next request on")
    .option("--yes", "accepted for scripts; nothing is asked")
    .action((name: string) =>
      changeAccount(session, {
        kind: "robot",
        name: toName(name),
        verb: "disable",
        change: { isEnabled: false },
        line: `${toName(name)} is disabled: refused from the next request on; a token already issued ends by itself within minutes`,
      }),
    );
  robot
    .command("enable <name>")
    .description("let a disabled robot in again")
    .action((name: string) =>
      changeAccount(session, {
        kind: "robot",
        name: toName(name),
        verb: "enable",
        change: { isEnabled: true },
        line: `${toName(name)} is enabled`,
      }),
    );
  robot
    .command("remove <name>")
    .aliases(["rm", "delete"])
    .description("remove a robot with its secrets, memberships and grants")
    .option("--yes", "do not ask")
    .action((name: string, options: { yes?: boolean }) =>
      removeAccount(session, { kind: "robot", name: toName(name), isYes: options.yes === true }),
    );
}
