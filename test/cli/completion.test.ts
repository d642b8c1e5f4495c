// Shell completion: what is offered comes from the program and the store, and bash puts it where it belongs.
import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import type { Command } from "commander";
import { completeWords } from "../../src/cli/completion-words.js";
import { completionScript, SHELLS } from "../../src/cli/completion-scripts.js";
import { createProgram } from "../../src/cli/run-cli.js";
import { Session } from "../../src/cli/session.js";
import { openCliSite, type CliSite } from "../support/cli-site.js";
import { raiseEpoch } from "../support/credential-rows.js";

const io = { out: () => undefined, note: () => undefined, isTerminal: false, stdin: process.stdin };
const program = createProgram(new Session(io), io);

describe("what could stand at the end of a line", () => {
  const offered = (words: readonly string[]): readonly string[] =>
    completeWords(program, words).candidates.map(({ word }) => word);

  test("is every command, verb and option that the program has", () => {
    const check = (command: Command, words: readonly string[]): void => {
      const shown = command.createHelp().visibleCommands(command);
      const flags = command.options.flatMap(({ long }) => (long == null ? [] : [long]));
      expect(offered([...words, "--"])).toEqual(expect.arrayContaining(["--help", ...flags]));
      if (shown.length === 0) return;
      expect(offered([...words, ""])).toEqual(shown.map((one) => one.name()));
      for (const one of shown) check(one, [...words, one.name()]);
    };
    check(program, []);
    expect(offered([""])).not.toContain("complete-words");
  });

  test.each([
    [["user", "show", ""], "account"],
    [["user", "add", ""], null],
    [["user", "rename", "a", ""], null],
    [["group", "show", ""], "group"],
    [["group", "add-member", "ml", "a", ""], "account"],
    [["access", "grant", ""], "image"],
    [["access", "grant", "--actions", "pull", "app", ""], "subject"],
    [["access", "check", "--json", "reader", ""], "image"],
    [["user", "list", "--group", ""], "group"],
    [["image", "ls", "--for", ""], "subject"],
    [["image", "register", "app", "--users", ""], "subject"],
    [["user", "add", "new", "--groups", ""], "group"],
    [["audit", "list", "--account", ""], "account"],
    [["access", "review", "--account", ""], "account"],
    [["access", "grant", "--service", ""], "service"],
    [["access", "test", ""], null],
    [["robot", "show", ""], "robot"],
    [["robot", "add", ""], null],
    [["robot", "update", "ci", "--owner", ""], "user"],
    [["robot", "list", "--owner", ""], "user"],
    [["token", "create", ""], "user"],
    [["token", "list", ""], "account"],
    [["token", "confirm", "1", ""], "waiting"],
    [["token", "create", "a", "--image", ""], "image"],
    [["token", "revoke", "1", ""], "credential"],
    [["token", "revoke", "--account", ""], "account"],
  ])("%j takes a name of kind %s", (words, kind) => {
    expect(completeWords(program, words).names).toBe(kind);
  });

  test("is one of an option's values where those are known", () => {
    expect(offered(["access", "check", "a", "b", "--action", ""])).toEqual([
      "pull",
      "push",
      "delete",
    ]);
    expect(offered(["robot", "rotate", "ci", "--output", ""])).toEqual([
      "text",
      "env",
      "dockerconfig",
      "kubernetes",
    ]);
    expect(offered(["completion", ""])).toEqual([...SHELLS]);
    expect(offered(["image", "list", "--limit", ""])).toEqual([]);
  });
});

describe("dockwarden completion", () => {
  let site: CliSite;
  const words = async (...line: string[]): Promise<string> => {
    const { code, stdout, stderr } = await site.run([
      ...["--config", site.configFile, "complete-words", "--"],
      ...line,
    ]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    return stdout.replace(/\t.*$/gm, "").trim().split("\n").join();
  };

  beforeAll(async () => {
    site = await openCliSite();
    await site.must("group", "add", "ml");
    await site.must("robot", "add", "ci");
    await site.must("image", "register", "team/app", "--internal");
    await site.must("image", "register", "team/**", "--internal");
  });

  afterAll(() => site.close());

  test("offers what begins like the word that is typed, names of the store included", async () => {
    expect(await words("image", "li")).toBe("list,list-accessible");
    expect(await words("access", "check", "")).toBe("admin,ci,group:ml,@authenticated,@anonymous");
    expect(await words("access", "check", "@an")).toBe("@anonymous");
    expect(await words("robot", "rotate", "")).toBe("ci");
    expect(await words("token", "revoke", "")).toBe("1");
    expect(await words("token", "confirm", "")).toBe("");
    raiseEpoch(site);
    expect(await words("token", "confirm", "")).toBe("1");
    expect(await words("token", "create", "")).toBe("admin");
    expect(await words("robot", "list", "--owner", "")).toBe("admin");
    expect(await words("image", "show", "te")).toBe("team/**,team/app");
    expect(await words("audit", "list", "--account", "")).toBe("admin,ci");
    expect(await words("access", "check", "--service", "reg")).toBe("registry");
    expect(await words("image", "register", "new", "--users", "admin,group:m")).toBe(
      "admin,group:ml",
    );
    expect(await words("image", "register", "new", "--users", "group:m")).toBe("group:ml");
    expect(await words("user", "add", "new", "--groups", "m")).toBe("ml");
    expect(await words("audit", "list", "--outcome", "refused,g")).toBe("refused,given");
    expect(await words("access", "check", "a", "b", "--action", "pull,")).toBe("");
    expect(await words("user", "add", "new", "--permissions", "view,pu")).toBe(
      "view,pull,view,push",
    );
  });

  test("offers the same for a word that begins with a quote", async () => {
    expect(await words("image", "show", "'te")).toBe("team/**,team/app");
    expect(await words("image", "show", '"team/a')).toBe("team/app");
    expect(await words("image", "list", "--for", "'admin'", "--so")).toBe("--sort");
    expect(await words("image", "register", "n", "--users", "'admin,group:")).toBe(
      "admin,group:ml",
    );
  });

  test("offers words and no message where there is no store", async () => {
    const missing = ["--config", `${site.workspace.folder}/nosuch.yml`];
    expect(await words(...missing, "access", "check", "")).toBe("");
    expect(await words(...missing, "access", "ch")).toBe("check");
  });

  test("prints a script for each shell, and knows no other", async () => {
    for (const shell of SHELLS) {
      expect(await site.must("completion", shell)).toBe(completionScript(shell));
    }
    expect(await site.run(["completion", "tcsh"])).toMatchObject({ code: 2, stdout: "" });
  });

  test("the script of bash asks the program and cuts what bash has as a word already", () => {
    const asked = (line: string): string => {
      const script = [
        'dockwarden() { printf "%s\\n" "asked:$#:$*" >&2; printf "group:ml\\t\\n@anonymous\\twho\\na/**\\t\\n"; }',
        completionScript("bash"),
        `COMP_LINE='${line.replaceAll("'", "'\\''")}' COMP_POINT=${line.length}`,
        '_dockwarden 2> /dev/null; printf "%s|" "${COMPREPLY[@]}"',
      ].join("\n");
      const { stdout, status } = spawnSync("bash", ["--norc", "-c", script], { encoding: "utf8" });
      expect(status).toBe(0);
      return stdout;
    };
    expect(asked("dockwarden access check group:")).toBe("ml|@anonymous|'a/**'|");
    expect(asked("dockwarden access check ")).toBe("group:ml|@anonymous|'a/**'|");
    expect(asked("dockwarden access check 'group:")).toBe("group:ml|@anonymous|a/**|");
    expect(asked('dockwarden access check "group:')).toBe("group:ml|@anonymous|a/**|");
  });
});
