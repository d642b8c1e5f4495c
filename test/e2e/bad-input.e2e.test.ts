// What goes wrong by hand or by accident: one clear line, the right exit code, and nothing changed.
import { chmod, cp, readdir, readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { Database } from "../../src/storage/sqlite/engine.js";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { openSkopeo } from "../support/clients.js";
import { expectFailed } from "../support/outcome.js";
import { describeWith } from "../support/programs.js";
import { startRegistry } from "../support/registry.js";
import {
  addUser,
  ADMIN_NAME,
  passwordOf,
  spawnServer,
  type CliOutcome,
  type TestServer,
} from "../support/spawn-server.js";
import { dumpStore } from "../support/store-dump.js";
import { openWorkspace, type Workspace } from "../support/workspace.js";

interface BadCommand {
  readonly what: string;
  readonly args: readonly string[];
  readonly code: number;
  readonly says: RegExp;
}

const BAD_COMMANDS: readonly BadCommand[] = [
  {
    what: "an existing name",
    args: ["user", "add", "reader", "--generate"],
    code: 1,
    says: /reader/,
  },
  {
    what: "an unknown account in a grant",
    args: ["access", "grant", "team/app", "nosuch"],
    code: 1,
    says: /nosuch/,
  },
  {
    what: "removing an unknown account",
    args: ["user", "remove", "nosuch", "--yes"],
    code: 1,
    says: /nosuch/,
  },
  {
    what: "an unknown account in a check",
    args: ["access", "check", "nosuch", "team/app"],
    code: 2,
    says: /nosuch/,
  },
  {
    what: "removing an unknown image",
    args: ["image", "unregister", "team/nosuch", "--yes"],
    code: 1,
    says: /team\/nosuch/,
  },
  {
    what: "a different registration of a known image",
    args: ["image", "register", "team/app", "--public"],
    code: 1,
    says: /image update/,
  },
  {
    what: "an unknown permission",
    args: ["user", "add", "other", "--permissions", "fly", "--generate"],
    code: 2,
    says: /fly/,
  },
  {
    what: "an unknown action",
    args: ["access", "grant", "team/app", "reader", "--actions", "fly"],
    code: 2,
    says: /fly/,
  },
  {
    what: "a malformed account name",
    args: ["user", "add", "a b", "--generate"],
    code: 2,
    says: /name/,
  },
  { what: "a malformed image", args: ["image", "register", "team//app"], code: 2, says: /team/ },
  { what: "a malformed pattern", args: ["image", "register", "team/**x"], code: 2, says: /\*\*/ },
  { what: "an unknown command", args: ["user", "frobnicate"], code: 2, says: /frobnicate/ },
];

describe("bad input", () => {
  let workspace: Workspace;
  let server: TestServer;
  let copies = 0;

  function nextName(): string {
    copies += 1;
    return `copy-${copies}`;
  }

  function dump(): string {
    return dumpStore(server.env["DOCKWARDEN_STORAGE__PATH"] ?? "");
  }

  function expectRefused(outcome: CliOutcome, code: number, says: RegExp): void {
    expect(outcome).toMatchObject({ code });
    expect(outcome.stderr).toMatch(says);
    expect(outcome.stderr).not.toMatch(/\n\s+at /);
  }

  /** Starts a second server on this environment and waits for its end. */
  async function serveWith(env: Readonly<Record<string, string>>): Promise<CliOutcome> {
    return server.cliWith({ ...server.env, ...env }, ["serve"]);
  }

  beforeAll(async () => {
    workspace = await openWorkspace();
    server = await spawnServer(workspace);
    await addUser(server, "reader", "view,pull");
    await server.mustCli(["image", "register", "team/app", "--users", "reader"]);
  }, 60_000);

  afterAll(() => workspace.close());

  test.each(BAD_COMMANDS)(
    "L01: $what is one clear line and changes nothing",
    async ({ args, code, says }) => {
      const before = dump();
      expectRefused(await server.cli(args), code, says);
      expect(dump()).toBe(before);
    },
  );

  test.each([
    ["a missing service", "/token?scope=repository:team/app:pull", {}, 400],
    ["an unknown service", "/token?service=evil", {}, 400],
    ["a malformed scope", "/token?service=registry&scope=repository:team//app:pull", {}, 400],
    ["a damaged Basic header", "/token?service=registry", { authorization: "Basic %%%" }, 401],
    ["another scheme", "/token?service=registry", { authorization: "Bearer abc" }, 401],
  ])("C20: %s mints nothing", async (_what, path, headers, status) => {
    const answer = await fetch(`http://127.0.0.1:${server.port}${path}`, { headers });
    expect(answer.status).toBe(status);
    const body = (await answer.json()) as Record<string, unknown>;
    expect(body).toMatchObject({ errors: [{ message: expect.any(String) }] });
    expect(body).not.toHaveProperty("token");
  });

  test("K08: a port in use is named, and the running server stays", async () => {
    const blocker = createServer();
    await new Promise<void>((resolve) => blocker.listen(0, "127.0.0.1", resolve));
    const address = blocker.address();
    const port = typeof address === "object" && address !== null ? String(address.port) : "";
    const outcome = await serveWith({ DOCKWARDEN_SERVER__PORT: port });
    blocker.close();
    expectRefused(outcome, 3, new RegExp(`${port}.*in use`));
  });

  test("K08: a missing store is not made by serve, which names init", async () => {
    const path = join(workspace.folder, "missing", "dockwarden.db");
    const outcome = await serveWith({ DOCKWARDEN_STORAGE__PATH: path });
    expectRefused(outcome, 3, /init/);
    expect(await readdir(workspace.folder)).not.toContain("missing");
  });

  test("D06: a private key that others can read is refused, with the command that mends it", async () => {
    const folder = await copyFolder("DOCKWARDEN_KEYS__DIRECTORY");
    const names = await readdir(folder, { recursive: true, withFileTypes: true });
    for (const entry of names.filter((item) => item.isFile())) {
      await chmod(join(entry.parentPath, entry.name), 0o644);
    }
    const outcome = await serveWith({ DOCKWARDEN_KEYS__DIRECTORY: folder });
    expectRefused(outcome, 3, /chmod/);
  });

  test.each([
    ["damaged", (bytes: Buffer) => bytes.fill(0xa5, 4096, 3 * 4096)],
    ["cut off", (bytes: Buffer) => bytes.subarray(0, 5000)],
    ["empty", () => Buffer.alloc(0)],
    ["no database at all", () => Buffer.from("hello, this is a text file\n".repeat(50))],
  ])("H07: a store that is %s is refused and left as it is", async (_what, damage) => {
    const path = await copyStore();
    const bytes = damage(await readFile(path));
    await writeFile(path, bytes);
    expectRefused(await serveWith({ DOCKWARDEN_STORAGE__PATH: path }), 3, /\S/);
    expect((await readFile(path)).equals(bytes)).toBe(true);
  });

  test("H07: the database of another application is refused and left as it is", async () => {
    const path = join(await workspace.subfolder("foreign"), "other.db");
    const database = new Database(path);
    database.exec("CREATE TABLE note (text TEXT)");
    database.close();
    await chmod(path, 0o600);
    const before = await readFile(path);
    expectRefused(await serveWith({ DOCKWARDEN_STORAGE__PATH: path }), 3, /\S/);
    expect((await readFile(path)).equals(before)).toBe(true);
  });

  test("the server that was there all along still serves", async () => {
    const answer = await fetch(`http://127.0.0.1:${server.port}/health/ready`);
    expect(answer.status).toBe(200);
  });

  describeWith(["docker-registry", "skopeo"], "with a real client", () => {
    test("C20: a registry whose service is not configured gets no tokens", async () => {
      const registry = await startRegistry(workspace, {
        realmUrl: server.url,
        rootCertBundle: join(server.trustFolder, "token-ca.pem"),
        service: "stranger",
      });
      const skopeo = await openSkopeo(workspace, "admin");
      const outcome = await skopeo.login(registry.host, ADMIN_NAME, passwordOf(ADMIN_NAME));
      expectFailed(outcome, "400");
    });
  });

  async function copyFolder(variable: string): Promise<string> {
    const source = server.env[variable] ?? "";
    const target = join(await workspace.subfolder(nextName()), "it");
    await cp(source, target, { recursive: true });
    await chmod(target, 0o700);
    return target;
  }

  /** A whole and private copy of the running server's store. */
  async function copyStore(): Promise<string> {
    const source = server.env["DOCKWARDEN_STORAGE__PATH"] ?? "";
    const folder = await workspace.subfolder(nextName());
    const path = join(folder, "dockwarden.db");
    const database = new Database(source, { readonly: true });
    await database.backup(path);
    database.close();
    await chmod(path, 0o600);
    return path;
  }
});
