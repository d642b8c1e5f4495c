// Whether a `dockwarden` command line names only what the program has: subcommands, options, enough arguments.
import type { Command } from "commander";

/** Null where it fits, otherwise what doesn't. `isWhole`: required arguments must be there as well. */
export function findCommandFault(
  program: Command,
  words: readonly string[],
  isWhole: boolean,
): string | null {
  let command = program;
  let rest = words.filter((word) => word !== "…");
  while (command.commands.length > 0) {
    const [name = ""] = rest;
    if (/^(?:--help|--version|help)$/.test(name)) return null;
    const next = command.commands.find(
      (one) => one.name() === name || one.aliases().includes(name),
    );
    if (next === undefined) return `${command.name()} has no command ${name}`;
    command = next;
    rest = rest.slice(1);
  }
  const known = [...command.options, ...program.options];
  let positionals = 0;
  for (let index = 0; index < rest.length; index += 1) {
    const word = rest[index] ?? "";
    // A lone - stands for standard input or output.
    if (!word.startsWith("-") || word === "-") {
      positionals += 1;
      continue;
    }
    const [flag, value] = word.split("=");
    if (flag === "--help") return null;
    const option = known.find(({ long, short }) => flag === long || flag === short);
    if (option === undefined) return `${command.name()} has no option ${word}`;
    if (option.required && value === undefined) index += 1;
  }
  const required = command.registeredArguments.filter((argument) => argument.required).length;
  if (isWhole && positionals < required) return `${command.name()} needs ${required} arguments`;
  return null;
}
