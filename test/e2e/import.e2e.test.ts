// From htpasswd to tokens with the logins that clients have stored: nobody signs in anew, and nobody else gets in.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { openSkopeo, type Skopeo } from "../support/clients.js";
import { expectDone, expectFailed } from "../support/outcome.js";
import { run } from "../support/process.js";
import { describeWith } from "../support/programs.js";
import { startRegistry, type TestRegistry } from "../support/registry.js";
import { addUser, passwordOf, spawnServer, type TestServer } from "../support/spawn-server.js";
import { openWorkspace, type Workspace } from "../support/workspace.js";

describeWith(["skopeo", "docker-registry", "htpasswd"], "import", () => {
  let workspace: Workspace;
  let server: TestServer;
  let registry: TestRegistry;
  let users: string;
  let developer: Skopeo;

  /** `htpasswd -B`, as people do it; `more` such as `-c`. */
  const setPassword = async (name: string, password: string, more = ""): Promise<void> => {
    const outcome = await run("htpasswd", [`-iBC${more}`, "5", users, name], {
      env: { PATH: process.env["PATH"] ?? "" },
      stdin: password,
    });
    expectDone(outcome);
  };
  const image = (name: string) => `${registry.host}/${name}`;
  const tokenStatus = async (name: string, password: string): Promise<number> => {
    const basic = Buffer.from(`${name}:${password}`).toString("base64");
    const answer = await fetch(`http://127.0.0.1:${server.port}/token?service=registry`, {
      headers: { authorization: `Basic ${basic}` },
    });
    await answer.arrayBuffer();
    return answer.status;
  };
  const hashOf = async (name: string): Promise<unknown> =>
    ((await server.ask(["user", "show", name, "--json"])).json() as Record<string, unknown>)[
      "passwordHash"
    ];
  const importUsers = (...more: string[]) => server.mustCli(["import", "htpasswd", users, ...more]);

  beforeAll(async () => {
    workspace = await openWorkspace();
    users = join(workspace.folder, "htpasswd");
    await writeFile(users, "");
    for (const name of ["developer", "reader", "kept"]) {
      await setPassword(name, passwordOf(name));
    }
    server = await spawnServer(workspace);
    registry = await startRegistry(workspace, {
      realmUrl: server.url,
      rootCertBundle: join(server.trustFolder, "token-ca.pem"),
      htpasswd: users,
    });
    developer = await openSkopeo(workspace, "developer");
    const login = await developer.login(registry.host, "developer", passwordOf("developer"));
    expect(expectDone(login)).toContain("Login Succeeded!");
    expectDone(await developer.push(image("team/app:1"), "one"));
  }, 60_000);

  afterAll(() => workspace.close());

  test("a login that was stored for htpasswd pulls and pushes after the switch", async () => {
    await importUsers("--keep-access");
    await registry.restart({ htpasswd: null });
    expectDone(await developer.pull(image("team/app:1")));
    expectDone(await developer.push(image("team/app:2"), "two"));
    expect(await hashOf("developer")).toBe("argon2id");
    expectDone(await developer.pull(image("team/app:2")));
  });

  test("rules hold for who was imported", async () => {
    await server.mustCli(["image", "register", "team/secret", "--users", "reader"]);
    expectFailed(await developer.push(image("team/secret:1"), "no"), "denied");
  });

  test("catalogues of users and images count at the next pull and push", async () => {
    const folder = workspace.folder;
    const person = { password_hash: "htpasswd", permissions: ["view", "pull", "push"] };
    await setPassword("modeller", passwordOf("modeller"));
    await writeFile(join(folder, "users.json"), JSON.stringify({ modeller: person }));
    const tag = (...users: string[]) => ({ allowed_users: users });
    const catalog = { "telechat:a": tag("modeller", "reader"), "telechat:b": tag("modeller") };
    await writeFile(join(folder, "images.json"), JSON.stringify(catalog));
    const names = ["import", "users-json", join(folder, "users.json"), "--htpasswd", users];
    await server.mustCli(names);
    await server.mustCli(["import", "images-json", join(folder, "images.json"), "--fold-tags"]);
    const modeller = await openSkopeo(workspace, "modeller");
    expectDone(await modeller.login(registry.host, "modeller", passwordOf("modeller")));
    expectDone(await modeller.push(image("telechat:a"), "model"));
    expectDone(await modeller.pull(image("telechat:a")));
    expectFailed(await developer.pull(image("telechat:a")), "denied");
  });

  test("a wrong password gets in no more than before", async () => {
    const stranger = await openSkopeo(workspace, "stranger");
    const outcome = await stranger.login(registry.host, "reader", "not-the-password");
    expectFailed(outcome, "invalid username/password");
    expect(await hashOf("reader")).toBe("bcrypt");
  });

  test("the first good login renews the hash, and an import of the same file leaves it so", async () => {
    expect(await tokenStatus("reader", passwordOf("reader"))).toBe(200);
    expect(await hashOf("reader")).toBe("argon2id");
    const again = await importUsers();
    expect(again.stdout).toMatch(/^unchanged/);
    expect(await hashOf("reader")).toBe("argon2id");
    expect(await tokenStatus("reader", passwordOf("reader"))).toBe(200);
  });

  test("a password that was changed in the file counts after the next import, the old one no longer", async () => {
    await setPassword("reader", "another-lantern-meadow-7");
    await importUsers();
    expect(await tokenStatus("reader", "another-lantern-meadow-7")).toBe(200);
    expect(await tokenStatus("reader", passwordOf("reader"))).toBe(401);
  });

  test("a password that an account had here stays", async () => {
    await server.mustCli(["user", "remove", "kept", "--yes"]);
    await addUser(server, "kept", "pull");
    await setPassword("kept", "another-lantern-meadow-7");
    const outcome = await importUsers();
    expect(outcome.stdout).toContain("kept keeps the password that it has here");
    expect(await tokenStatus("kept", passwordOf("kept"))).toBe(200);
    expect(await tokenStatus("kept", "another-lantern-meadow-7")).toBe(401);
  });
});
