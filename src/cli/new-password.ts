// A new password on the command line: where it comes from, its hash, and how a generated one is shown.
import type { Command } from "commander";
import type { AdminContext } from "../admin/admin-context.js";
import { CliExit } from "./exit.js";
import { formatJson } from "./output.js";
import type { PasswordSource } from "./password-input.js";
import { writeOnce } from "./secret-output.js";
import type { Session } from "./session.js";

/** A new password's hash, checked by the rules; also the password where it was generated. */
export async function makePassword(
  name: string,
  source: PasswordSource,
  context: Pick<AdminContext, "hasher" | "passwordRules">,
): Promise<{ readonly hash: string; readonly generated: string | null }> {
  const given = await source();
  const password = given ?? context.passwordRules.generate();
  const fault = context.passwordRules.findFault(password, name);
  if (fault !== null) throw new CliExit(1, fault);
  const hash = await context.hasher.hash(password);
  if (!hash.ok)
    throw new CliExit(75, "too many passwords are being set or checked just now; try again");
  return { hash: hash.value, generated: given === null ? password : null };
}

/** A generated secret is the only thing on standard output: alone, or in JSON as `password` beside `data`. */
export async function showSecret(
  session: Session,
  words: readonly string[],
  secret: string | null,
  data: Readonly<Record<string, unknown>> & { readonly name: string },
): Promise<void> {
  if (secret === null) {
    if (session.isJson) session.answer(data, "");
    else for (const line of words) session.say(line);
    return;
  }
  if (session.isJson) {
    await writeSecret(session, formatJson({ ...data, password: secret }), data.name);
    return;
  }
  for (const line of words) session.io.note(`${line}\n`);
  await writeSecret(session, `${secret}\n`, data.name);
}

function writeSecret({ io }: Session, text: string, name: string): Promise<void> {
  const lost = `the new password of ${name} is set, but could not be written to anybody: make another one with dockwarden user passwd ${name} --generate`;
  return writeOnce(io, text, lost);
}

/** The three ways in which a password can come in without a prompt. */
export function addPasswordOptions(command: Command): Command {
  return command
    .option("--generate", "make a random password and print it, alone, on standard output")
    .option("--password-stdin", "read the password from standard input")
    .option("--password-file <file>", "read the password from a file");
}
