// The registry's address in what is printed with a secret: with its port, and never Dockwarden's own by mistake.
import { afterEach, describe, expect, test } from "@jest/globals";
import { addCliUser, openCliSite, type CliSite } from "../support/cli-site.js";
import { writeFile } from "node:fs/promises";

describe("the registry's address, registry.hosts not set", () => {
  let site: CliSite;

  afterEach(() => site.close());

  test("is the public address with its port, as in the stack on its first day", async () => {
    site = await openStack("http://localhost:5000");
    const env = await site.run(["robot", "add", "ci", "--output", "env"]);
    expect(env.stdout).toMatch(/^DOCKER_REGISTRY=localhost:5000\n/);
    expect(env.stderr).toContain("docker login localhost:5000 -u ci\n");
    const docker = await site.run(["robot", "rotate", "ci", "--output", "dockerconfig"]);
    expect(docker.stdout).toContain('"localhost:5000": {');
    const token = await site.run(["token", "create", "admin"]);
    expect(token.stderr).toContain("docker login localhost:5000 -u admin\n");
    await site.must("image", "register", "localhost:5000/team/app", "--internal");
    expect(await site.must("image", "list")).toMatch(/^team\/app /m);
  });

  test("is the usual one from source, where Dockwarden itself is all that has an address", async () => {
    site = await openCliSite();
    const text = await site.run(["robot", "add", "ci"]);
    expect(text.stderr).toContain("docker login REGISTRY -u ci\n");
    expect(await site.json("robot", "add", "data")).toMatchObject({ registry: null });
    const usual = await site.run(["robot", "rotate", "ci", "--output", "env"]);
    expect(usual).toMatchObject({ code: 0 });
    expect(usual.stdout).toMatch(/^DOCKER_REGISTRY=localhost:5000\n/);
    expect(usual.stderr).toContain(
      "made for localhost:5000; if clients name the registry otherwise",
    );
    const named = ["--output", "env", "--registry", "localhost:5999"];
    const made = await site.run(["robot", "rotate", "data", ...named]);
    expect(made.stdout).toMatch(/^DOCKER_REGISTRY=localhost:5999\n/);
  });

  test("is what --registry says for a personal token, too", async () => {
    site = await openCliSite();
    await addCliUser(site, "alice", "pull");
    const plain = await site.run(["token", "create", "alice"]);
    expect(plain.stderr).toContain("docker login REGISTRY -u alice\n");
    const named = await site.run(["token", "create", "alice", "--registry", "r.example.com:5000"]);
    expect(named.stderr).toContain("docker login r.example.com:5000 -u alice\n");
    const wrong = await site.run([
      "token",
      "create",
      "alice",
      "--registry",
      "https://r.example.com",
    ]);
    expect(wrong).toMatchObject({ code: 2, stdout: "" });
    expect(wrong.stderr).toMatch(/without http/);
  });

  /** As docker-compose.yml has it: the door's address, and TLS left to a proxy. */
  async function openStack(publicUrl: string): Promise<CliSite> {
    const stack = await openCliSite();
    const lines = [
      `server: { publicUrl: "${publicUrl}", tls: { mode: proxy } }`,
      "storage: { path: data/dockwarden.db }",
      "keys: { directory: keys, trustDirectory: trust }",
      "",
    ];
    await writeFile(stack.configFile, lines.join("\n"), { mode: 0o600 });
    return stack;
  }
});
