// What the README tells people to type, typed: each chapter on a server of its own, as a newcomer does. The Chinese one has the
// same commands: test/docs/commands.test.ts.
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import {
  dockwardenWords,
  readBlocks,
  readDocument,
  READMES,
  readShell,
  type ShellCommand,
} from "../support/documents.js";
import { spawnServer, type TestServer } from "../support/spawn-server.js";
import { openWorkspace, type Workspace } from "../support/workspace.js";

/** A line whose remark begins so is meant to be refused. */
const REFUSED = /^no,/;

interface Chapter {
  readonly place: string;
  readonly commands: readonly ShellCommand[];
}

/** Blocks that follow each other belong together until one makes the first account anew. */
function readChapters(path: string): readonly Chapter[] {
  const chapters: { place: string; commands: ShellCommand[] }[] = [];
  for (const block of readBlocks(path).filter(({ language }) => language === "sh")) {
    const commands = readShell(block).filter(({ words }) => dockwardenWords(words) !== null);
    const [first] = commands;
    if (first === undefined) continue;
    const start = dockwardenWords(first.words)?.slice(0, 2).join(" ") ?? "";
    const isNew = /^(?:user|robot) add$/.test(start);
    if (isNew) chapters.push({ place: block.place, commands });
    else chapters.at(-1)?.commands.push(...commands);
  }
  return chapters;
}

describe("the commands of the README", () => {
  const chapters = readChapters("README.md");

  test("are found", () => {
    expect(chapters.length).toBeGreaterThanOrEqual(3);
  });

  test.each(chapters)("work on a new server: $place", async ({ commands }) => {
    const workspace = await openWorkspace();
    try {
      const server = await spawnServer(workspace);
      for (const { place, words, comment } of commands) {
        const outcome = await server.ask(dockwardenWords(words) ?? []);
        const seen = { place, code: outcome.code, text: outcome.text };
        expect(seen).toMatchObject({ place, code: REFUSED.test(comment) ? 1 : 0 });
        if (words.includes("--generate")) expect(outcome.stdout).toMatch(/^\S{20,}\n$/);
      }
      expect(commands.length).toBeGreaterThan(1);
    } finally {
      await workspace.close();
    }
  });
});

describe("what the READMEs say of a server", () => {
  let workspace: Workspace;
  let server: TestServer;

  beforeAll(async () => {
    workspace = await openWorkspace();
    server = await spawnServer(workspace);
  }, 60_000);

  afterAll(() => workspace.close());

  test("paths of the READMEs, of the probes and of the ingress are answered", async () => {
    const text = [
      ...READMES,
      "examples/kubernetes/dockwarden.yaml",
      "examples/kubernetes/ingress.yaml",
    ]
      .map(readDocument)
      .join("\n")
      // The configuration's table speaks of later versions, too.
      .replace(/<!-- prettier-ignore-start -->[^]*?<!-- prettier-ignore-end -->/g, "");
    const paths = [
      ...text.matchAll(/[` ](\/(?:health|token|auth|\.well-known)[\w./-]*)[`\s,]/g),
    ].map(([, found = ""]) => found);
    expect(new Set(paths)).toEqual(
      new Set(["/health", "/health/live", "/health/ready", "/token", "/auth/token"]),
    );
    for (const path of new Set([...paths, "/", "/.well-known/token-ca.pem"])) {
      const query = path.endsWith("/token") ? "?service=registry" : "";
      const answer = await fetch(`http://127.0.0.1:${server.port}${path}${query}`);
      await answer.arrayBuffer();
      expect({ path, status: answer.status }).toEqual({ path, status: 200 });
    }
  });

  test("an identical registration changes nothing, another is refused and names image update", async () => {
    await server.mustCli(["image", "register", "team/app", "--public"]);
    expect((await server.cli(["image", "register", "team/app", "--public"])).code).toBe(0);
    const other = await server.cli(["image", "register", "team/app", "--internal"]);
    expect(other.code).toBe(1);
    expect(other.stderr).toContain("team/app is registered already");
    expect(other.stderr).toContain("image update");
  });
});
