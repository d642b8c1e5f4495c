// The demo as a newcomer runs it: its transcript with skopeo and with docker, interrupted half-way, and on a bare machine.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { startDockerEngine } from "../support/docker-engine.js";
import { waitUntil } from "../support/poll.js";
import { run, startDaemon, type Outcome } from "../support/process.js";
import { describeWith } from "../support/programs.js";
import { openWorkspace, type Workspace } from "../support/workspace.js";

const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const DEMO = [join(ROOT, "dist", "main.js"), "demo"];
const NPM_RUN_DEMO = [join(ROOT, "scripts", "demo.mjs")];

/** The demo's own home and temporary folder, both empty. */
interface Ground {
  readonly home: string;
  readonly temp: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Without an engine at `dockerHost` the demo takes docker-registry and skopeo. */
async function openGround(
  workspace: Workspace,
  name: string,
  dockerHost = "unix:///nonexistent/docker.sock",
): Promise<Ground> {
  const home = await workspace.subfolder(`${name}-home`);
  const temp = await workspace.subfolder(`${name}-temp`);
  const PATH = process.env["PATH"] ?? "";
  return { home, temp, env: { PATH, HOME: home, TMPDIR: temp, DOCKER_HOST: dockerHost } };
}

/** No folder, no login, no process and no server of the demo is left. */
async function expectNothingLeft(ground: Ground, transcript: string): Promise<void> {
  expect(readdirSync(ground.temp)).toEqual([]);
  expect(readdirSync(ground.home)).toEqual([]);
  expect(findProcesses(ground.temp)).toEqual([]);
  for (const [, host] of transcript.matchAll(/(localhost:\d+)(?:,|:) /g)) {
    await expect(fetch(`http://${host ?? ""}/`)).rejects.toThrow("fetch failed");
  }
}

/** Process ids whose environment names the folder: all that the demo starts has its home there. */
function findProcesses(folder: string): readonly string[] {
  if (!existsSync("/proc/self/environ")) return [];
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, "utf8").includes(`HOME=${folder}/`);
      } catch {
        return false; // it has ended meanwhile
      }
    });
}

/** What stands under each step's title, in one line each. */
function readSteps(transcript: string): ReadonlyMap<string, string> {
  const parts = transcript.split(/^ ?\d+ {2}(?=\S)/m).slice(1);
  return new Map(
    parts.map((part) => {
      const [title = "", ...lines] = part.split("\n");
      return [title, lines.map((line) => line.trim().replace(/ \\$/, "")).join(" ")];
    }),
  );
}

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
  expect(outcome.stderr).toBe("");
  return steps;
}

describeWith(["docker-registry", "skopeo", "docker", "dockerd"], "the demo", () => {
  let workspace: Workspace;
  let engineSocket: string;

  beforeAll(async () => {
    workspace = await openWorkspace();
    await startDockerEngine(workspace, "localhost");
    engineSocket = `unix://${join(workspace.folder, "docker", "sock")}`;
  });

  afterAll(() => workspace.close());

  const DENIED = "denied: requested access to the resource is denied";
  const NOT_ACTIVE = "unauthorized: wrong user name or password, or the account is not active";

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

  test("with docker every step comes out as promised, and the engine is as it was", async () => {
    const ground = await openGround(workspace, "docker", engineSocket);
    const outcome = await run(process.execPath, DEMO, { env: ground.env });
    const steps = expectStory(outcome);
    expect(steps.get("The developer logs in")).toMatch(
      /^\$ docker --config developer login --username developer --password-stdin localhost:\d+ < developer\.password Login Succeeded/,
    );
    expect(steps.get("The reader pushes to the same image")).toContain(DENIED);
    expect(steps.get("The reader pulls an image of the developer's")).toMatch(
      /pull access denied for .*denied: requested access to the resource is denied/,
    );
    expect(steps.get("The admin disables the reader, who pulls again at once")).toContain(
      NOT_ACTIVE,
    );
    const images = await run("docker", ["images", "--all", "--quiet"], { env: ground.env });
    expect(images.text).toBe("");
    await expectNothingLeft(ground, outcome.stdout);
  });

  const INTERRUPTIONS = [
    ["SIGINT", "npm run demo", NPM_RUN_DEMO],
    ["SIGTERM", "dockwarden demo", DEMO],
  ] as const;

  test.each(INTERRUPTIONS)("%s in the middle of %s leaves nothing behind", async (...given) => {
    const [signal, , args] = given;
    const ground = await openGround(workspace, signal);
    const logFile = join(workspace.folder, `${signal}.log`);
    const daemon = await startDaemon(process.execPath, args, { env: ground.env, logFile });
    workspace.onClose(() => daemon.stop());
    await waitUntil("the developer's push", async () => daemon.log().includes("$ skopeo copy"));
    expect(findProcesses(ground.temp).length).toBeGreaterThanOrEqual(2);
    expect(await daemon.stop(signal)).toBe(1);
    expect(daemon.log()).toContain("interrupted; everything of the demo is gone again");
    expect(daemon.log()).not.toContain("steps came out as promised");
    await expectNothingLeft(ground, daemon.log());
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
});
