// The command line as a function: words in, exit code out; every error is one message on standard error.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Command, CommanderError } from "commander";
import { packageRoot } from "../app.js";
import type { StoreUnavailable } from "../domain/ports.js";
import { addAccessCommands } from "./access.js";
import { addApplyCommand } from "./apply.js";
import { addAuditCommands } from "./audit.js";
import { addBackupCommands } from "./backup.js";
import { addCompletionCommands } from "./completion.js";
import { addConfigCommands } from "./config.js";
import { addDemoCommand } from "./demo.js";
import { addDoctorCommand } from "./doctor.js";
import { renderExamples } from "./examples.js";
import { CliExit, type ExitCode } from "./exit.js";
import { addExportCommand } from "./export.js";
import { addGroupCommands } from "./group.js";
import { addImageCommands } from "./image.js";
import { addImportCommands } from "./import.js";
import { addKeyCommands } from "./key.js";
import { printable, type Io } from "./output.js";
import { addRobotCommands } from "./robot.js";
import { addServerCommands } from "./server.js";
import { Session } from "./session.js";
import { addShadowCommand } from "./shadow.js";
import { addTokenCommands } from "./token.js";
import { addUserCommands } from "./user.js";

const EXIT_CODES = `
Exit codes: 0 done or allowed, 1 no or refused (nothing changed), 2 wrong usage, 3 failed (store, disk, network),
75 store busy, 78 configuration. Quote patterns: "team/**".`;

/** Runs one command line (without program and script name). Never throws, never exits the process. */
export async function runCli(words: readonly string[], io: Io): Promise<ExitCode> {
  const session = new Session(io);
  const program = createProgram(session, io);
  try {
    await program.parseAsync([...words], { from: "user" });
    return 0;
  } catch (error) {
    return report(error, io);
  }
}

/** Every command with its options. */
export function createProgram(session: Session, io: Io): Command {
  const program = new Command("dockwarden")
    .description("Decides who may pull, push and delete which image in a Docker registry.")
    .version(readVersion())
    .option("--config <file>", "configuration file (also DOCKWARDEN_CONFIG)")
    .option("--json", "answers as JSON")
    .addHelpText("after", EXIT_CODES)
    .showHelpAfterError("(add --help for the usage)");
  addUserCommands(program, session);
  addRobotCommands(program, session);
  addTokenCommands(program, session);
  addGroupCommands(program, session);
  addImageCommands(program, session);
  addAccessCommands(program, session);
  addImportCommands(program, session);
  addExportCommand(program, session);
  addApplyCommand(program, session);
  addKeyCommands(program, session);
  addAuditCommands(program, session);
  addConfigCommands(program, session);
  addServerCommands(program, session);
  addDoctorCommand(program, session);
  addShadowCommand(program, session);
  addBackupCommands(program, session);
  addDemoCommand(program, session);
  addCompletionCommands(program, session);
  program.hook("preAction", (_program, command) => {
    session.options = command.optsWithGlobals();
  });
  for (const command of everyCommand(program)) prepare(command, io);
  return program;
}

function readVersion(): string {
  const text = readFileSync(join(packageRoot, "package.json"), "utf8");
  return (JSON.parse(text) as { readonly version: string }).version;
}

function everyCommand(command: Command): readonly Command[] {
  return [command, ...command.commands.flatMap(everyCommand)];
}

function prepare(command: Command, io: Io): void {
  if (command.parent !== null) {
    // Global options work behind the verb too, where people type them.
    if (command.commands.length === 0) {
      command.option("--json", "answers as JSON").option("--config <file>", "configuration file");
    }
  }
  command.addHelpText("after", () => renderExamples(command));
  command.exitOverride().configureOutput({
    writeOut: (text) => {
      io.out(text);
    },
    writeErr: (text) => {
      io.note(text);
    },
    outputError: (text, write) => {
      write(printable(explain(text, command)));
    },
  });
}

const PASSWORD_HINT =
  "error: a password is never taken from the command line; use --password-stdin, --password-file FILE or --generate\n";

/** A password typed as an argument gets a hint and is not repeated (THREATS L03): values of unknown options are cut. */
function explain(text: string, command: Command): string {
  if (/unknown option '(?:-p(?!-)|--p(?:ass|w))/i.test(text)) return PASSWORD_HINT;
  if (/too many arguments/.test(text)) return explainTooMany(text, command);
  const name = `${command.parent?.name() ?? ""} ${command.name()}`;
  if (name === "robot rotate" && /unknown option '--expires/.test(text)) return SECRET_END_HINT;
  if (name === "dockwarden robot" && /unknown command 'passwd'/.test(text)) return ROTATE_HINT;
  return text.replace(/unknown option '(--[^'=\s]*|-[^-'\s])[^\n]*'/, "unknown option '$1'");
}

const SECRET_END_HINT =
  "error: a secret's end is --secret-expires: dockwarden robot rotate NAME --secret-expires WHEN; the robot's own: dockwarden robot update NAME --expires WHEN\n";
const ROTATE_HINT =
  "error: robots have no password; another secret: dockwarden robot rotate NAME\n";
const SECRET_HINT = "error: a robot's secret is made, never given: dockwarden robot add NAME\n";

const TAKES_PASSWORD = ["user add", "user passwd"];
const TAKES_IMAGE = [
  "image register",
  "image update",
  "image unregister",
  "image show",
  "image delete",
];

/** Two words where one is taken: a password, or image and tag as an older form had them. */
function explainTooMany(text: string, command: Command): string {
  const name = `${command.parent?.name() ?? ""} ${command.name()}`;
  if (TAKES_PASSWORD.includes(name)) return PASSWORD_HINT;
  if (name === "robot add") return SECRET_HINT;
  if (name === "token create") {
    // What stands there may be a password: it is not repeated.
    return "error: images are named by an option: dockwarden token create ACCOUNT --image IMAGE\n";
  }
  const [image = "", tag = "", more] = command.args;
  const isTag = more === undefined && /^\w[\w.*-]*$/.test(tag);
  if (!TAKES_IMAGE.includes(name) || !isTag) return text;
  return `error: image and tag are one word: dockwarden ${name} ${image}:${tag}\n`;
}

function report(error: unknown, io: Io): ExitCode {
  if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
  if (error instanceof CliExit) {
    for (const line of error.message === "" ? [] : error.message.split("\n")) {
      io.note(`${printable(line)}\n`);
    }
    return error.exitCode;
  }
  if (isStoreUnavailable(error)) {
    io.note(`${printable(error.message)}\n`);
    return error.reason === "busy" ? 75 : 3;
  }
  io.note(`failed: ${printable(describeUnknown(error))}\n`);
  return 3;
}

/** By name: a process that loaded the module twice has two such classes. */
function isStoreUnavailable(error: unknown): error is StoreUnavailable {
  return (
    typeof error === "object" &&
    error !== null &&
    "name" in error &&
    error.name === "StoreUnavailable"
  );
}

/** By what is in it: an error of another realm, or of a native module, is no `Error` of ours. */
function describeUnknown(error: unknown): string {
  if (typeof error === "string") return `${error}; run dockwarden doctor`;
  const isObject = typeof error === "object" && error !== null;
  const { message, code } = isObject ? (error as Partial<NodeJS.ErrnoException>) : {};
  if (typeof message === "string" && message !== "") return message;
  return `${typeof code === "string" ? code : "unknown fault"}; run dockwarden doctor`;
}
