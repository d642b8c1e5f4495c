// `dockwarden completion SHELL`, and the hidden command that the shells ask while somebody types.
import { Argument, type Command } from "commander";
import type { AdminContext } from "../admin/admin-context.js";
import { formatImagePattern } from "../domain/image-pattern.js";
import { completeWords, type NameKind } from "./completion-words.js";
import { completionScript, SHELLS, type Shell } from "./completion-scripts.js";
import type { Session } from "./session.js";

/** More than that nobody reads, and shells grow slow. */
const NAMES_MAX = 200;

/** Adds `completion` and the hidden `complete-words`. */
export function addCompletionCommands(program: Command, session: Session): void {
  program
    .command("completion")
    .description("the script by which a shell completes commands, options and names")
    .addArgument(new Argument("<shell>", "which shell").choices(SHELLS))
    .action((shell: Shell) => {
      session.io.out(completionScript(shell));
    });
  program
    .command("complete-words [words...]", { hidden: true })
    .description("what could stand at the end of a command line; for shells")
    .action((words: readonly string[]) => complete(program, session, words));
}

/** A line each: the word, a tab, what it is. Never fails: whoever types wants no message in the middle of a line. */
async function complete(program: Command, session: Session, raw: readonly string[]): Promise<void> {
  const words = raw.map(withoutQuotes);
  // The line that is being typed may name its own configuration.
  const config = words[words.indexOf("--config") + 1];
  if (words.includes("--config") && config !== undefined) session.options = { config };
  const { candidates, names, isList } = completeWords(program, words);
  const [before, part] = splitList(words.at(-1) ?? "", isList);
  const fitting = candidates.filter(({ word }) => word.startsWith(part));
  const lines = fitting.map(({ word, about }) => `${before}${word}\t${about}\n`);
  const found = names === null ? [] : await findNames(session, names, part);
  session.io.out([...lines, ...found.map((name) => `${before}${name}\t\n`)].join(""));
}

/** A shell gives words as they are typed; one that is not at its end yet has no second quote. */
const withoutQuotes = (word: string): string => word.replace(/^["']|["']$/g, "");

/** `pull,pu` → `pull,` and `pu`: values that are joined by commas are completed one by one. */
function splitList(typed: string, isList: boolean): readonly [string, string] {
  const comma = isList ? typed.lastIndexOf(",") + 1 : 0;
  return [typed.slice(0, comma), typed.slice(comma)];
}

/** Without a store, a readable one or a right configuration there are no names. */
async function findNames(
  session: Session,
  kind: NameKind,
  typed: string,
): Promise<readonly string[]> {
  try {
    return await session.withAdmin((context) => readNames(kind, typed, context));
  } catch {
    return []; // whatever it was, the next real command says it
  }
}

async function readNames(
  kind: NameKind,
  typed: string,
  { store, clock, settings }: AdminContext,
): Promise<readonly string[]> {
  const names: string[] = [];
  if (kind === "service") names.push(...settings.services);
  if (kind === "account" || kind === "subject") {
    names.push(...(await store.accounts.list()).map(({ name }) => name));
  }
  if (kind === "robot" || kind === "user") {
    names.push(...(await store.accounts.search({ kind })).map(({ account }) => account.name));
  }
  if (kind === "credential" || kind === "waiting") {
    const live = await store.credentials.list({ account: null, withEnded: false });
    const fitting = live.filter(({ isUnconfirmed }) => kind === "credential" || isUnconfirmed);
    names.push(...fitting.map(({ id }) => String(id)));
  }
  if (kind === "group" || kind === "subject") {
    const prefix = kind === "subject" ? "group:" : "";
    names.push(...(await store.groups.list()).map(({ name }) => `${prefix}${name}`));
  }
  if (kind === "subject") names.push("@authenticated", "@anonymous");
  if (kind === "image") {
    const [prefix = ""] = typed.split(":");
    const query = {
      filter: { prefix },
      order: "name" as const,
      page: { limit: NAMES_MAX, offset: 0 },
    };
    const { images } = await store.images.search(query, clock.now());
    names.push(...new Set(images.map(({ pattern }) => formatImagePattern(pattern))));
  }
  // What a shell would have to obey or quote is nobody's right name (THREATS L09).
  const isSafe = (name: string): boolean => /^[a-z0-9._@+:/*A-Z-]+$/.test(name);
  return names.filter((name) => name.startsWith(typed) && isSafe(name)).slice(0, NAMES_MAX);
}
