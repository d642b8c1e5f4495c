// `dockwarden group …`: named sets of accounts.
import type { Command } from "commander";
import { watchAccounts, watchClosing } from "../admin/account-effect.js";
import type { AdminContext } from "../admin/admin-context.js";
import { confirm } from "./confirm.js";
import { orRefusal } from "./exit.js";
import { formatTable } from "./output.js";
import type { Session } from "./session.js";
import { splitWords, toName } from "./words.js";

const toNames = (words: readonly string[]): readonly string[] =>
  words.flatMap(splitWords).map(toName);

/** What changes for accounts by joining, leaving or losing the group; where a grant's end closes an image, that too. */
async function watchMembers(
  name: string,
  accounts: readonly string[],
  context: AdminContext,
): Promise<() => Promise<readonly string[]>> {
  const group = await context.store.groups.find(name);
  if (group === null) return () => Promise.resolve([]);
  const subject = { kind: "group" as const, id: group.id, name: group.name };
  const tell = await watchAccounts(accounts, [subject], context);
  const tellClosing = await watchClosing(subject, context);
  return async () => [...(await tell()), ...(await tellClosing())];
}

const withEffects = (line: string, effects: readonly string[]): string =>
  [line, ...effects.map((effect) => `  ${effect}`), ""].join("\n");

/** Adds the verbs of `group`. */
export function addGroupCommands(program: Command, session: Session): void {
  const group = program.command("group").description("named sets of accounts");
  group
    .command("add <name>")
    .description("add an empty group")
    .action((name: string) =>
      session.withAdmin(async (context) => {
        const added = orRefusal(await context.store.groups.add(toName(name), context.clock.now()));
        session.answer({ name: added.name }, `group ${added.name} added\n`);
      }),
    );
  group
    .command("list")
    .alias("ls")
    .description("all groups")
    .action(() =>
      session.withAdmin(async (context) => {
        const groups = await context.store.groups.list();
        const rows = groups.map((entry) => [entry.name, String(entry.memberCount)]);
        const data = groups.map((entry) => ({ name: entry.name, members: entry.memberCount }));
        session.answer(data, formatTable(["name", "members"], rows));
      }),
    );
  group
    .command("show <name>")
    .aliases(["get", "inspect"])
    .description("the members of a group")
    .action((text: string) =>
      session.withAdmin(async (context) => {
        const name = toName(text);
        const members = orRefusal(await context.store.groups.members(name));
        const names = members.map((member) => member.name);
        session.answer(
          { name, members: names },
          formatTable(
            ["member"],
            names.map((entry) => [entry]),
          ),
        );
      }),
    );
  group
    .command("add-member <group> <account...>")
    .description("add accounts to a group; it counts at once")
    .action((text: string, accounts: readonly string[]) =>
      session.withAdmin(async (context) => {
        const name = toName(text);
        const tell = await watchMembers(name, toNames(accounts), context);
        const changed = orRefusal(await context.store.groups.addMembers(name, toNames(accounts)));
        const effects = changed.length === 0 ? [] : await tell();
        const line =
          changed.length === 0
            ? "unchanged: they are members already"
            : `${changed.join(", ")} joined ${name}`;
        session.answer({ group: name, added: changed, effects }, withEffects(line, effects));
      }),
    );
  group
    .command("remove-member <group> <account...>")
    .description("take accounts out of a group; it counts at once")
    .action((text: string, accounts: readonly string[]) =>
      session.withAdmin(async (context) => {
        const name = toName(text);
        const tell = await watchMembers(name, toNames(accounts), context);
        const changed = orRefusal(
          await context.store.groups.removeMembers(name, toNames(accounts)),
        );
        const effects = changed.length === 0 ? [] : await tell();
        const line =
          changed.length === 0
            ? "unchanged: they were no members"
            : `${changed.join(", ")} left ${name}`;
        session.answer({ group: name, removed: changed, effects }, withEffects(line, effects));
      }),
    );
  group
    .command("remove <name>")
    .aliases(["rm", "delete"])
    .description("remove a group with the grants made to it")
    .option("--yes", "do not ask")
    .action((text: string, options: { yes?: boolean }) =>
      session.withAdmin(async (context) => {
        const name = toName(text);
        const known = orRefusal(await context.store.groups.members(name));
        await confirm(
          `Remove group ${name} (${known.length} members) and its grants?`,
          options.yes === true,
          session.io,
        );
        const names = known.map((member) => member.name);
        const tell = await watchMembers(name, names, context);
        const removed = orRefusal(await context.store.groups.remove(name));
        const effects = await tell();
        const line = `group ${removed.name} removed, with the grants made to it`;
        session.answer({ name: removed.name, effects }, withEffects(line, effects));
      }),
    );
}
