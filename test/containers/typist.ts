// A person at a terminal of one machine, who types what the guides say, letter by letter, and reads what comes.
// All that is put in between: `docker compose` is Debian's docker-compose 1.29, which has no --wait, and nobody needs sudo.
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { ShellLine } from "../support/documents.js";
import type { Outcome } from "../support/process.js";
import type { Workspace } from "../support/workspace.js";
import type { Machine } from "./machines.js";

const LIMIT_MILLISECONDS = 600_000;
const SLIPS_MAX = 3;

const DOCKER = `#!/bin/sh
if [ "$1" != compose ]; then exec /usr/bin/docker "$@"; fi
shift
for word; do
  shift
  [ "$word" = --wait ] || set -- "$@" "$word"
done
exec docker-compose "$@"
`;
const SUDO = `#!/bin/sh
exec "$@"
`;

export interface Typist {
  /** Types one line and answers what was on the screen, in `stdout`; a wrong exit code is an answer. */
  type(line: ShellLine): Promise<Outcome>;
  /** Opens another terminal: exported variables and the umask stay behind. */
  openTerminal(): void;
  /** What this person was told up to now: name → password. */
  readonly passwords: Map<string, string>;
}

/** What is the person's own. */
export interface Desk {
  readonly machine: Machine;
  /** Where the person is. */
  readonly folder: string;
  /** Of the Docker engine. */
  readonly socket: string;
  /** Holds `.docker/config.json`. */
  readonly home: string;
  /** Name of a short command → what it stands for. */
  readonly aliases?: Readonly<Record<string, string>>;
}

/** Remembers every password that comes up, and gives it where `docker login` asks for one. */
export async function openTypist(workspace: Workspace, desk: Desk): Promise<Typist> {
  const programs = await workspace.subfolder("typist-programs");
  const aliases = Object.entries(desk.aliases ?? {}).map(
    ([name, whole]) => [name, `#!/bin/sh\nexec ${whole} "$@"\n`] as const,
  );
  for (const [name, script] of [["docker", DOCKER], ["sudo", SUDO], ...aliases] as const) {
    await writeFile(join(programs, name), script);
    await chmod(join(programs, name), 0o755);
  }
  const env = {
    PATH: `${programs}:${process.env["PATH"] ?? ""}`,
    TERM: "xterm",
    HOME: desk.home,
    DOCKER_HOST: desk.socket,
    DOCKER_CONFIG: join(desk.home, ".docker"),
    // NOTE a newer command line than the engine would want its own builder, which Debian doesn't have.
    DOCKER_BUILDKIT: "0",
  };
  const passwords = new Map<string, string>();
  // What an earlier line has left in the shell.
  let kept: readonly string[] = [];
  return {
    passwords,
    openTerminal() {
      kept = [];
    },
    async type(line) {
      const script = [...kept, line.text].join("\n");
      if (/^(?:export|umask) /.test(line.text)) kept = [...kept, line.text];
      const args = ["--quiet", "--return", "--command", script, "/dev/null"];
      const stdin = findAnswers(line.text, passwords);
      const typeOnce = () =>
        desk.machine.run("script", args, {
          env,
          cwd: desk.folder,
          stdin,
          limitMilliseconds: LIMIT_MILLISECONDS,
        });
      let outcome = await typeOnce();
      // NOTE on a busy machine script(1) at times slips a NUL in between the lines that it is given: nobody typed that.
      for (let left = SLIPS_MAX; left > 0 && isSlip(stdin, outcome); left -= 1) {
        outcome = await typeOnce();
      }
      const stdout = outcome.stdout.replaceAll("\r", "");
      const seen = { ...outcome, stdout, text: `${stdout}${outcome.stderr}` };
      rememberPassword(line.text, seen, passwords);
      return seen;
    },
  };
}

/** The terminal shows a NUL as `^@`. */
function isSlip(stdin: string, { code, stdout }: Outcome): boolean {
  return stdin !== "" && code !== 0 && /\^@|\0/.test(stdout);
}

/** What is typed where the line asks for something. */
function findAnswers(text: string, passwords: ReadonlyMap<string, string>): string {
  if (!/\bdocker login\b/.test(text)) return "";
  const name = /--username (\S+)/.exec(text)?.[1];
  const password = passwords.get(name ?? "admin") ?? "";
  return name === undefined ? `admin\n${password}\n` : `${password}\n`;
}

function rememberPassword(text: string, seen: Outcome, passwords: Map<string, string>): void {
  const added = /\b(?:dw|dockwarden) user add (\S+) .*--generate\b/.exec(text)?.[1];
  const name = text.includes("/data/first-admin-password") ? "admin" : added;
  const password = /^\S{16,}$/m.exec(seen.stdout)?.[0];
  if (seen.code === 0 && name !== undefined && password !== undefined) {
    passwords.set(name, password);
  }
}

/** Throws where the outcome isn't what stands behind the line's `#`; nothing there: it is done. */
export function expectAsPromised(line: ShellLine, { code, text }: Outcome): void {
  const isKept = isPromiseKept(line.comment, { code, text });
  if (!isKept) {
    throw new Error(`${line.place}: ${line.text}\nended with exit code ${code} and said:\n${text}`);
  }
}

function isPromiseKept(comment: string, { code, text }: Pick<Outcome, "code" | "text">): boolean {
  if (comment === "" || comment === "done") return code === 0;
  if (comment.startsWith("denied: ")) return code !== 0 && text.includes(comment);
  if (comment.startsWith("no, ")) return code === 1 && text.includes("dockwarden access grant");
  throw new Error(`Nobody knows what "# ${comment}" promises; say it in expectAsPromised`);
}
