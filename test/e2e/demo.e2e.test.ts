// The demo as a newcomer runs it: its transcript with skopeo and with docker, interrupted half-way, and on a bare machine.
import { symlink, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import {
  expectNothingLeft,
  findProcesses,
  openGround,
  readHosts,
  readSteps,
  type Ground,
} from "../support/demo-ground.js";
import { startDockerEngine } from "../support/docker-engine.js";
import { waitUntil } from "../support/poll.js";
import { run, startDaemon, type Outcome } from "../support/process.js";
import { describeWith } from "../support/programs.js";
import { makeRegistryImage } from "../support/registry-image.js";
import { openWorkspace, type Workspace } from "../support/workspace.js";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const PATH = process.env["PATH"] ?? "";
const DEMO = [join(ROOT, "dist", "main.js"), "demo"];
const NPM_RUN_DEMO = [join(ROOT, "scripts", "demo.mjs")];

/** Passwords of the demo have 24 characters, tokens and stored logins have more; folders have fewer between strokes. */
const LOOKS_SECRET = /[\w-]{24}|[A-Za-z0-9+/]{16}=|eyJ/;

/** Unless it is one word, which nobody could break. */
const isTooLong = (line: string): boolean => line.length > 80 && /\S\s/.test(line.trim());

function expectStory(outcome: Outcome): ReadonlyMap<string, string> {
  if (outcome.code !== 0) throw new Error(`exit code ${outcome.code}\n${outcome.text}`);
  const steps = readSteps(outcome.stdout);
  const verdicts = [...steps].map(([title, text]) => [
    title,
    /✔ (.*?), as promised/.exec(text)?.[1] ?? text,
  ]);
  expect(verdicts).toEqual([
    ["The admin makes two accounts", "done"],
    ["The admin says who gets which image", "done"],
    ["The developer logs in", "logged in"],
    ["The developer pushes: two private images and a public one", "allowed"],
    ["The reader logs in", "logged in"],
    ["The reader pulls a private image", "allowed"],
    ["The reader pushes to the same image", "denied"],
    ["The reader pulls an image of the developer's", "denied"],
    ["The admin asks why", "no, and why"],
    ["Somebody without an account pulls the public image", "allowed"],
    ["… and the private one", "denied"],
    ["The admin disables the reader, who pulls again at once", "refused"],
  ]);
  expect(outcome.stdout).toContain("✔ 12 of 12 steps came out as promised");
  expect(outcome.stdout).toContain("What to look at next");
  expect(outcome.stdout).toContain("npm start");
  expect(outcome.stdout).not.toContain("\u001b");
  expect(outcome.stdout.split("\n").filter(isTooLong)).toEqual([]);
  expect(outcome.stdout).not.toMatch(LOOKS_SECRET);
  expect(readHosts(outcome.stdout)).toHaveLength(2);
  expect(outcome.stderr).toBe("");
  return steps;
}

describeWith(["docker-registry", "skopeo", "docker", "dockerd"], "the demo", () => {
  let workspace: Workspace;
  let engineSocket: string;
  let onlyDocker: string;

  beforeAll(async () => {
    workspace = await openWorkspace();
    await startDockerEngine(workspace, "localhost");
    engineSocket = `unix://${join(workspace.folder, "docker", "sock")}`;
    onlyDocker = await workspace.subfolder("only-docker");
    const { stdout } = await run("sh", ["-c", "command -v docker"], { env: { PATH } });
    await symlink(stdout.trim(), join(onlyDocker, "docker"));
  });

  afterAll(() => workspace.close());

  const DENIED = "denied: requested access to the resource is denied";
  const LOGIN_ENDED = "unauthorized: Your login on this machine has ended. Run docker login again.";
  const NOT_ACTIVE = "unauthorized: wrong user name or password, or the account is not active";

  /** All images and containers that the engine has. */
  async function readEngine(): Promise<readonly string[]> {
    const env = { PATH, HOME: workspace.folder, DOCKER_HOST: engineSocket };
    const format = "{{.Repository}}:{{.Tag}}";
    const images = await run("docker", ["images", "--all", "--format", format], { env });
    const containers = await run("docker", ["ps", "--all", "--quiet"], { env });
    const volumes = await run("docker", ["volume", "ls", "--quiet"], { env });
    return [images, containers, volumes].flatMap(({ text }) => text.split("\n").filter(Boolean));
  }

  /** An engine that has the registry's image, on a machine with nothing but docker. */
  async function withContainer(act: (ground: Ground) => Promise<void>): Promise<void> {
    await makeRegistryImage(workspace, engineSocket, "registry:3");
    const ground = await openGround(workspace, "container", engineSocket);
    try {
      await act({ ...ground, env: { ...ground.env, PATH: onlyDocker } });
      expect(await readEngine()).toEqual(["registry:3"]);
    } finally {
      const env = { PATH, HOME: workspace.folder, DOCKER_HOST: engineSocket };
      await run("docker", ["image", "rm", "registry:3"], { env });
    }
  }

  test("with skopeo every step comes out as promised, in skopeo's own words", async () => {
    const ground = await openGround(workspace, "skopeo");
    const outcome = await run(process.execPath, DEMO, { env: ground.env });
    const steps = expectStory(outcome);
    expect(steps.get("The reader logs in")).toMatch(
      /^\$ skopeo login --tls-verify=false --authfile reader\.json --username reader --password-stdin localhost:\d+ < reader\.password Login Succeeded!/,
    );
    expect(steps.get("The reader pushes to the same image")).toContain(DENIED);
    expect(steps.get("The reader pulls an image of the developer's")).toContain(DENIED);
    expect(steps.get("The admin asks why")).toContain("dockwarden access grant team/vault reader");
    expect(steps.get("… and the private one")).toContain(DENIED);
    expect(steps.get("The admin disables the reader, who pulls again at once")).toContain(
      NOT_ACTIVE,
    );
    await expectNothingLeft(ground, outcome.stdout);
  });

  function expectDockerStory(outcome: Outcome): void {
    const steps = expectStory(outcome);
    expect(steps.get("The developer logs in")).toMatch(
      /^\$ docker --config developer login --username developer --password-stdin localhost:\d+ < developer\.password Login Succeeded/,
    );
    expect(steps.get("The reader pushes to the same image")).toContain(DENIED);
    expect(steps.get("The reader pulls an image of the developer's")).toMatch(
      /pull access denied for .*denied: requested access to the resource is denied/,
    );
    expect(steps.get("The admin disables the reader, who pulls again at once")).toContain(
      LOGIN_ENDED,
    );
  }

  test("with docker every step comes out as promised, and the engine is as it was", async () => {
    const ground = await openGround(workspace, "docker", engineSocket);
    const outcome = await run(process.execPath, DEMO, { env: ground.env });
    expectDockerStory(outcome);
    expect(await readEngine()).toEqual([]);
    await expectNothingLeft(ground, outcome.stdout);
  });

  test("with nothing but docker the registry runs in a container, which is gone afterwards", async () => {
    await withContainer(async (ground) => {
      const outcome = await run(process.execPath, DEMO, { env: ground.env });
      expectDockerStory(outcome);
      expect(outcome.stdout).toMatch(/Registry +localhost:\d+, registry:3 in a container/);
      await expectNothingLeft(ground, outcome.stdout);
    });
  });

  /** Sends the signal once `moment` stands in the transcript. */
  async function interrupt(
    ground: Ground,
    args: readonly string[],
    signal: NodeJS.Signals,
    moment: string,
  ): Promise<void> {
    const logFile = join(workspace.folder, `${signal}.log`);
    const daemon = await startDaemon(process.execPath, args, { env: ground.env, logFile });
    workspace.onClose(() => daemon.stop());
    await waitUntil(moment, async () => daemon.log().includes(moment), 60_000);
    expect(findProcesses(ground.temp).length).toBeGreaterThanOrEqual(2);
    expect(await daemon.stop(signal)).toBe(1);
    expect(daemon.log()).toContain("interrupted; everything of the demo is gone again");
    expect(daemon.log()).not.toContain("steps came out as promised");
    expect(readHosts(daemon.log())).toHaveLength(2);
    await expectNothingLeft(ground, daemon.log());
  }

  test("SIGINT in the middle of npm run demo leaves nothing behind", async () => {
    const ground = await openGround(workspace, "interrupted");
    await interrupt(ground, NPM_RUN_DEMO, "SIGINT", "$ skopeo copy");
  });

  test("SIGTERM in the middle of dockwarden demo leaves nothing in the engine either", async () => {
    await withContainer(async (ground) => {
      await interrupt(ground, DEMO, "SIGTERM", "$ docker --config developer push");
    });
  });
});

describe("the demo on a bare machine", () => {
  test("says what it looked for and what to install, and exits with 1", async () => {
    const workspace = await openWorkspace();
    try {
      const ground = await openGround(workspace, "bare");
      const env = { ...ground.env, PATH: ground.home };
      const outcome = await run(process.execPath, DEMO, { env });
      expect(outcome.code).toBe(1);
      expect(outcome.stdout).toBe("");
      for (const name of ["docker", "docker-registry", "skopeo"]) {
        expect(outcome.stderr).toMatch(new RegExp(`^  ${name} +not found$`, "m"));
      }
      expect(outcome.stderr).toMatch(/Debian, Ubuntu +sudo apt-get install docker-registry skopeo/);
      expect(outcome.stderr).toMatch(/Fedora +sudo dnf install docker-distribution skopeo/);
      expect(outcome.stderr).toMatch(/macOS +brew install skopeo/);
      await expectNothingLeft(ground, "");
    } finally {
      await workspace.close();
    }
  });

  test("a registry that does not start is shown with the end of its log", async () => {
    const workspace = await openWorkspace();
    try {
      const ground = await openGround(workspace, "broken");
      const bin = await workspace.subfolder("bin");
      await writeScript(join(bin, "skopeo"), "echo skopeo version 1.0.0");
      await writeScript(
        join(bin, "docker-registry"),
        'if [ "$1" = --version ]; then echo github.com/docker/distribution 2.8.2; else echo disk full; exit 3; fi',
      );
      const outcome = await run(process.execPath, DEMO, { env: { ...ground.env, PATH: bin } });
      expect(outcome.code).toBe(1);
      expect(outcome.stderr).toBe(
        "The registry (docker-registry 2.8.2) did not start. The end of its log:\n  | disk full\n",
      );
      await expectNothingLeft(ground, "");
    } finally {
      await workspace.close();
    }
  });
});

function writeScript(path: string, body: string): Promise<void> {
  return writeFile(path, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
}
