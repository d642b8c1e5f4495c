// What could stand at the end of a command line: asked of the program itself, so that it can't differ from it.
import type { Argument, Command, Option } from "commander";

export interface Candidate {
  readonly word: string;
  /** One line; empty where there is nothing to say. */
  readonly about: string;
}

/** Names out of the store, for arguments and options that take one. */
export type NameKind =
  | "account"
  | "user"
  | "robot"
  | "group"
  | "subject"
  | "image"
  | "service"
  | "credential"
  | "waiting";

/** What fits: words, and where a name can stand, which kind of name. */
export interface Completion {
  readonly candidates: readonly Candidate[];
  readonly names: NameKind | null;
  /** Several can stand there, joined by commas. */
  readonly isList: boolean;
}

/** Placeholders of arguments and options → names that fit there. */
const KINDS: Readonly<Record<string, NameKind>> = {
  account: "account",
  name: "account",
  group: "group",
  subject: "subject",
  image: "image",
  id: "credential",
};

/** Values that options of these names take, joined by commas. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  "--actions": ["pull", "push", "delete"],
  "--action": ["pull", "push", "delete"],
  "--permissions": ["view", "pull", "push", "delete", "admin", "none"],
  "--permission": ["view", "pull", "push", "delete", "admin"],
  "--outcome": ["changed", "refused", "given"],
  "--output": ["text", "env", "dockerconfig", "kubernetes"],
  "--sort": ["name", "registered", "size", "pulled", "created"],
};

/** Names that options take where the placeholder does not say it. */
const OPTION_NAMES: Readonly<Record<string, NameKind>> = {
  "--users": "subject",
  "--groups": "group",
  "--group": "group",
  "--account": "account",
  "--owner": "user",
  "--service": "service",
};

/** Verbs that take fewer names than their placeholder says: robots have no personal tokens. */
const VERB_NAMES: Readonly<Record<string, NameKind>> = {
  "token create": "user",
  "token confirm": "waiting",
};

const NOTHING: Completion = { candidates: [], names: null, isList: false };

/**
 * `words` are those behind the program's name; the last one is being typed, possibly empty: `["user", "li"]` → `list`.
 * Answers everything that could stand there, whether it begins like the last word or not.
 */
export function completeWords(program: Command, words: readonly string[]): Completion {
  const typed = words.at(-1) ?? "";
  let command = program;
  let position = 0;
  let pending: Option | null = null;
  for (const word of words.slice(0, -1)) {
    if (pending !== null) {
      pending = null;
    } else if (word.startsWith("-")) {
      const option = findOption(command, word);
      pending = option?.required === true && !word.includes("=") ? option : null;
    } else {
      const next = findCommand(command, word);
      if (next === null) position += 1;
      else command = next;
    }
  }
  if (pending !== null) return completeValue(pending);
  if (typed.startsWith("-")) return { ...NOTHING, candidates: listOptions(command) };
  if (command.commands.length > 0) return { ...NOTHING, candidates: listCommands(command) };
  return completeArgument(command, position);
}

const optionsOf = (command: Command): readonly Option[] =>
  command.parent === null ? command.options : [...command.options, ...optionsOf(command.parent)];

function findOption(command: Command, word: string): Option | null {
  const [flag] = word.split("=");
  return optionsOf(command).find(({ long, short }) => flag === long || flag === short) ?? null;
}

function findCommand(command: Command, word: string): Command | null {
  const fits = (one: Command): boolean => one.name() === word || one.aliases().includes(word);
  return command.commands.find(fits) ?? null;
}

/** Aliases are left out: each thing once. */
function listCommands(command: Command): readonly Candidate[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .map((one) => ({ word: one.name(), about: one.description() }));
}

function listOptions(command: Command): readonly Candidate[] {
  const flags = new Map(
    optionsOf(command).map(({ long, description }) => [long ?? "", description]),
  );
  flags.set("--help", "the usage with examples");
  return [...flags].map(([word, about]) => ({ word, about })).filter(({ word }) => word !== "");
}

function completeValue(option: Option): Completion {
  const placeholder = /<([^>]+)>/.exec(option.flags)?.[1] ?? "";
  const isList = placeholder === "list";
  const flag = option.long ?? "";
  const values = VALUES[flag];
  if (values !== undefined) {
    return { candidates: values.map((word) => ({ word, about: "" })), names: null, isList };
  }
  const named = ["subject", "image", "account"].includes(placeholder) ? KINDS[placeholder] : null;
  return { ...NOTHING, names: OPTION_NAMES[flag] ?? named ?? null, isList };
}

function completeArgument(command: Command, position: number): Completion {
  const last = command.registeredArguments.at(-1);
  const argument = command.registeredArguments[position] ?? (last?.variadic === true ? last : null);
  if (argument == null) return NOTHING;
  const choices = argument.argChoices ?? [];
  const candidates = choices.map((word) => ({ word, about: "" }));
  return { candidates, names: findKind(command, argument), isList: false };
}

/** `<name>` is a name of the noun's own; what is added is new and can't be completed. */
function findKind(command: Command, argument: Argument): NameKind | null {
  if (/^(?:add|register)$/.test(command.name())) return null;
  const kind = KINDS[argument.name()] ?? null;
  const noun = command.parent?.name();
  const own = VERB_NAMES[`${noun ?? ""} ${command.name()}`];
  if (own !== undefined) return own;
  if (argument.name() !== "name") return kind;
  return noun === "group" || noun === "robot" ? noun : kind;
}
