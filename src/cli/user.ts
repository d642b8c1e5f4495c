// `dockwarden user …`: people who can sign in.
import type { Command } from "commander";
import { watchAccounts } from "../admin/account-effect.js";
import { askForKind, findOfKind } from "../admin/account-kind.js";
import { watchCredentials } from "../admin/credential-effect.js";
import { findRecordFault } from "../admin/records.js";
import { parseWhen } from "../admin/when.js";
import { forgetFirstAdminPassword } from "../app.js";
import type { AccountChange } from "../domain/ports.js";
import { changeAccount, removeAccount, reportAccount } from "./account-act.js";
import { CliExit, orExit, orRefusal } from "./exit.js";
import { formatEnd } from "./output.js";
import { addPasswordOptions, makePassword, showSecret } from "./new-password.js";
import { openPasswordSource, type PasswordOptions } from "./password-input.js";
import type { Session } from "./session.js";
import { listUsers, showAccount, toPublic, type UserListOptions } from "./user-listing.js";
import { splitWords, toName, toPermissions } from "./words.js";

const MANAGEMENT_DEFAULT = "view,pull";

interface AddOptions extends PasswordOptions {
  readonly permissions: string;
  readonly groups?: string;
  readonly email?: string;
  readonly expires?: string;
}

interface PasswdOptions extends PasswordOptions {
  readonly keepTokens?: boolean;
}

interface UpdateOptions {
  readonly permissions?: string;
  readonly email?: string;
  readonly expires?: string;
}

/** Adds the verbs of `user`. */
export function addUserCommands(program: Command, session: Session): void {
  const user = program.command("user").description("people who can sign in");
  addPasswordOptions(user.command("add <name>"))
    .description("add a user; without an option the password is asked for")
    .option(
      "--permissions <list>",
      "ceiling: view,pull,push,delete,admin or none",
      MANAGEMENT_DEFAULT,
    )
    .option("--groups <list>", "groups to join")
    .option("--email <address>", "for your records")
    .option("--expires <when>", "30d, 12h or 2027-01-31")
    .action((name: string, options: AddOptions) => addUser(session, toName(name), options));
  addPasswordOptions(user.command("passwd <name>"))
    .description("set another password; it counts at once, and ends logins and personal tokens")
    .option("--keep-tokens", "personal tokens go on; logins end all the same")
    .action((name: string, options: PasswdOptions) => setPassword(session, toName(name), options));
  user
    .command("list")
    .alias("ls")
    .description("accounts, all or those that the options name")
    .option("--group <name>", "members of this group")
    .option("--permission <permission>", "that hold it, admins included")
    .option("--disabled", "disabled ones alone")
    .option("--ends-within <when>", "that end from now until then: 30d, 12h or 2027-01-31")
    .action((options: UserListOptions) => listUsers(session, options));
  user
    .command("show <name>")
    .aliases(["get", "inspect"])
    .description("one account with its groups, its grants and theirs, and what ends soon")
    .action((name: string) => showAccount(session, toName(name)));
  user
    .command("update <name>")
    .description("change permissions, email or end")
    .option("--permissions <list>", "replaces the permissions")
    .option("--email <address>", "an empty one removes it")
    .option("--expires <when>", "30d, 12h, 2027-01-31 or never")
    .action((name: string, options: UpdateOptions) => updateUser(session, toName(name), options));
  user
    .command("rename <name> <new>")
    .description("another name; grants and groups stay")
    .action((text: string, nextText: string) => {
      const [name, next] = [toName(text), toName(nextText)];
      const line = `${name} is ${next} now; grants and groups stay`;
      return changeUser(session, name, { name: next }, line);
    });
  user
    .command("disable <name>")
    .description("no token from the next request on")
    .option("--yes", "accepted for scripts; nothing is asked")
    .action((text: string) => {
      const name = toName(text);
      const line = `${name} is disabled: refused from the next request on; a token already issued ends by itself within minutes`;
      return changeUser(session, name, { isEnabled: false }, line);
    });
  user
    .command("enable <name>")
    .description("let a disabled account in again")
    .action((text: string) => {
      const name = toName(text);
      return changeUser(session, name, { isEnabled: true }, `${name} is enabled`);
    });
  user
    .command("unlock <name>")
    .description("let a user try passwords again who was locked out by wrong ones")
    .action((name: string) =>
      changeUser(
        session,
        toName(name),
        { unlocks: true },
        `${name} is unlocked: wrong passwords counted until now count no longer; a network that guesses stays slowed down`,
      ),
    );
  user
    .command("remove <name>")
    .aliases(["rm", "delete"])
    .description("remove an account with its memberships and grants")
    .option("--yes", "do not ask")
    .action((name: string, options: { yes?: boolean }) =>
      removeAccount(session, { kind: "user", name: toName(name), isYes: options.yes === true }),
    );
}

function checkEmail(email: string | undefined): void {
  const fault = email === undefined ? null : findRecordFault("email", email);
  if (fault !== null) orExit<never>(fault);
}

async function addUser(session: Session, name: string, options: AddOptions): Promise<void> {
  checkEmail(options.email);
  const source = openPasswordSource(options, session.io);
  await session.withAdmin(async (context) => {
    const now = context.clock.now();
    const permissions = toPermissions(options.permissions);
    const expiresAt =
      options.expires === undefined ? null : orExit(parseWhen(options.expires, now));
    const groups = splitWords(options.groups ?? "").map(toName);
    if ((await context.store.accounts.find(name)) !== null) {
      orRefusal<never>({ ok: false, error: { reason: "name-taken", name } });
    }
    const { hash, generated } = await makePassword(name, source, context);
    const account = orRefusal(
      await context.store.accounts.add(
        {
          name,
          kind: "user",
          permissions,
          email: options.email === undefined || options.email === "" ? null : options.email,
          expiresAt,
          passwordHash: hash,
          groups,
        },
        now,
      ),
    );
    const lines = [`user ${name} added; permissions: ${account.permissions.join(", ") || "none"}`];
    if (expiresAt !== null) lines.push(`ends ${formatEnd(expiresAt)}`);
    await showSecret(session, lines, generated, { ...toPublic(account), name });
  });
}

async function setPassword(session: Session, name: string, options: PasswdOptions): Promise<void> {
  const source = openPasswordSource(options, session.io);
  await session.withAdmin(async (context, loaded) => {
    const instead = `robot rotate ${name}: robots have no password`;
    orExit(await findOfKind({ name, kind: "user", instead }, context));
    const { hash, generated } = await makePassword(name, source, context);
    const change: AccountChange = {
      passwordHash: hash,
      // The way back in must not end at a lock that somebody's guessing brought.
      unlocks: true,
      ...(options.keepTokens === true ? { keepsTokens: true } : {}),
    };
    const tell = await watchCredentials(name, context);
    const account = orRefusal(
      await context.store.accounts.update(name, change, context.clock.now()),
    );
    forgetFirstAdminPassword(loaded, account.id);
    const effects = await tell();
    const lines = [`${name} has another password; the old one no longer works`, ...effects];
    await showSecret(session, lines, generated, { ...toPublic(account), name, effects });
  });
}

async function updateUser(session: Session, name: string, options: UpdateOptions): Promise<void> {
  checkEmail(options.email);
  await session.withAdmin(async (context) => {
    const now = context.clock.now();
    const { permissions, email, expires } = options;
    const change: AccountChange = {
      ...(permissions === undefined ? {} : { permissions: toPermissions(permissions) }),
      ...(email === undefined ? {} : { email: email === "" ? null : email }),
      ...(expires === undefined ? {} : { expiresAt: orExit(parseWhen(expires, now)) }),
    };
    if (Object.keys(change).length === 0) {
      throw new CliExit(2, "nothing to change: give --permissions, --email or --expires");
    }
    orExit(await findOfKind(askForKind(name, "user", "update"), context));
    const tell = await watchAccounts([name], [], context);
    const account = orRefusal(await context.store.accounts.update(name, change, now));
    const line = `${name}: permissions ${account.permissions.join(", ") || "none"}; ends ${formatEnd(account.expiresAt)}`;
    reportAccount(session, account, line, permissions === undefined ? [] : await tell());
  });
}

function changeUser(
  session: Session,
  name: string,
  change: AccountChange,
  line: string,
): Promise<void> {
  return changeAccount(session, { kind: "user", name, verb: verbOf(change), change, line });
}

function verbOf({ name, unlocks, isEnabled }: AccountChange): string {
  if (name !== undefined) return "rename";
  if (unlocks === true) return "unlock";
  return isEnabled === true ? "enable" : "disable";
}
