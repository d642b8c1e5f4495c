// examples/build-and-push.sh with the real command line; a stand-in for docker writes down what it is asked to do.
import { existsSync } from "node:fs";
import { chmod, readFile, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { run, type Outcome } from "../support/process.js";
import { addUser, spawnServer, type TestServer } from "../support/spawn-server.js";
import { openWorkspace, type Workspace } from "../support/workspace.js";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const SCRIPT = join(ROOT, "examples", "build-and-push.sh");
const VARIANTS = ["7b-fp16", "7b-int8", "7b-int4", "12b-fp16", "12b-int8", "12b-int4"];

describe("examples/build-and-push.sh", () => {
  let workspace: Workspace;
  let server: TestServer;
  let log: string;

  beforeAll(async () => {
    workspace = await openWorkspace();
    server = await spawnServer(workspace);
    await addUser(server, "developer", "view,pull,push");
    log = join(workspace.folder, "docker.log");
    const docker = join(workspace.folder, "docker");
    await writeFile(docker, `#!/bin/sh\necho "$@" >>'${log}'\n`);
    await chmod(docker, 0o755);
    await writeFile(join(workspace.folder, "Dockerfile"), "FROM scratch\nARG VARIANT\n");
  }, 60_000);

  beforeEach(() => rm(log, { force: true }));

  afterAll(() => workspace.close());

  function build(...args: readonly string[]): Promise<Outcome> {
    const env = {
      ...server.env,
      DOCKER: join(workspace.folder, "docker"),
      DOCKWARDEN: `${process.execPath} ${join(ROOT, "dist", "main.js")}`,
    };
    return run("sh", [SCRIPT, ...args], { env, cwd: workspace.folder });
  }

  const readLog = async (): Promise<readonly string[]> =>
    (await readFile(log, "utf8")).trim().split("\n");

  test("registers one repository for its users, then builds and pushes every variant as a tag", async () => {
    const outcome = await build("registry.example.com/telechat", "developer");
    expect(outcome).toMatchObject({ code: 0 });
    expect(await readLog()).toEqual(
      VARIANTS.flatMap((variant) => {
        const image = `registry.example.com/telechat:${variant}`;
        return [
          `build --no-cache --build-arg VARIANT=${variant} --tag ${image} .`,
          `push ${image}`,
        ];
      }),
    );
    const images = (await server.mustCli(["image", "list", "--json"])).json();
    expect(images).toMatchObject([{ image: "telechat", exclusive: true }]);
    expect((await build("registry.example.com/telechat", "developer")).code).toBe(0);
  });

  test("makes each variant a repository of its own where users are to differ", async () => {
    const variants = ["7b-int4", "12b-int4"];
    const outcome = await build(
      "--separate",
      "registry.example.com/separate",
      "developer",
      ...variants,
    );
    expect(outcome).toMatchObject({ code: 0 });
    expect((await readLog()).filter((line) => line.startsWith("push"))).toEqual([
      "push registry.example.com/separate/7b-int4:latest",
      "push registry.example.com/separate/12b-int4:latest",
    ]);
    const check = await server.cli(["access", "check", "developer", "separate/12b-int4"]);
    expect(check.code).toBe(0);
  });

  test.each([
    ["telechat", "names no registry"],
    ["team/telechat", "names no registry"],
    ["https://registry.example.com/telechat", "leave https:// out"],
    ["registry.example.com/telechat:7b", "leave the tag out"],
    ["registry.example.com/", "names no repository"],
  ])("refuses %s and does nothing", async (image, says) => {
    const outcome = await build(image, "developer");
    expect(outcome).toMatchObject({ code: 2, stdout: "" });
    expect(outcome.stderr).toContain(says);
    expect(existsSync(log)).toBe(false);
  });

  test("refuses a Dockerfile whose variants would all be the same", async () => {
    const folder = await workspace.subfolder("plain");
    await writeFile(join(folder, "Dockerfile"), "FROM scratch\n");
    const outcome = await run("sh", [SCRIPT, "registry.example.com/telechat", "developer"], {
      env: { ...server.env, CONTEXT: folder, DOCKER: "false", DOCKWARDEN: "false" },
    });
    expect(outcome).toMatchObject({ code: 2 });
    expect(outcome.stderr).toContain("no line ARG VARIANT");
  });

  test("builds and pushes nothing when the users are refused", async () => {
    const outcome = await build("registry.example.com/other", "nosuch");
    expect(outcome.code).not.toBe(0);
    expect(outcome.stderr).toContain("nosuch");
    await expect(readLog()).rejects.toThrow("ENOENT");
  });

  test.each([
    ["no registry before the name", ["telechat", "developer"], "registry.example.com/telechat"],
    ["no users", ["registry.example.com/telechat"], "REGISTRY/REPOSITORY USERS"],
  ])("says how it is used: %s", async (_what, args, says) => {
    const outcome = await build(...args);
    expect(outcome.code).toBe(2);
    expect(outcome.stderr).toContain(says);
  });
});
