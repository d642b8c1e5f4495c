// Robots by command line: their secrets in each form, rotation without an outage, owners, and the verbs of users on them.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "@jest/globals";
import { parse } from "yaml";
import { addCliUser, GOOD_PASSWORD, openCliSite, type CliSite } from "../support/cli-site.js";
import { dumpCredentials, letExpire, noteUse, raiseEpoch } from "../support/credential-rows.js";
import { run } from "../support/process.js";

interface MadeRobot {
  readonly name: string;
  readonly secret: string;
  readonly secretId: number;
  readonly effects: readonly string[];
}

const decode = (text: string): string => Buffer.from(text, "base64").toString();

describe("robots by command line", () => {
  let site: CliSite;
  let count = 0;
  let name = "";

  const add = async (...args: string[]): Promise<MadeRobot> =>
    (await site.json("robot", "add", ...args)) as MadeRobot;
  const rotate = async (...args: string[]): Promise<MadeRobot> =>
    (await site.json("robot", "rotate", ...args)) as MadeRobot;
  const secretsOf = async (robot: string): Promise<readonly number[]> => {
    const shown = (await site.json("robot", "show", robot)) as { secrets: { id: number }[] };
    return shown.secrets.map(({ id }) => id);
  };
  const both = async (): Promise<string> => `${await site.dump()}${dumpCredentials(site)}`;

  async function expectRefused(args: readonly string[], code: number, says: RegExp): Promise<void> {
    const before = await both();
    const outcome = await site.run(args);
    expect(outcome).toMatchObject({ code, stdout: "" });
    expect(outcome.stderr).toMatch(says);
    expect(await both()).toBe(before);
  }

  beforeAll(async () => {
    site = await openCliSite("registry: { hosts: ['reg.example.com:5000', localhost] }\n");
    await addCliUser(site, "alice", "view,pull,push");
    await addCliUser(site, "bob", "view,pull");
    await site.must("group", "add", "machines");
    await site.must("robot", "add", "fixed", "--owner", "bob");
  });

  beforeEach(() => {
    name = `robot.${(count += 1)}`;
  });

  afterAll(() => site.close());

  test("a robot has pull, an owner and groups, and its secret alone on standard output", async () => {
    const words = ["--owner", "Alice", "--groups", "machines", "--expires", "99d"];
    const outcome = await site.run(["robot", "add", name, ...words]);
    expect(outcome).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^dwr_[0-9A-Za-z]{48}\n$/),
    });
    expect(outcome.stderr).toMatch(/permissions: pull\n/);
    expect(outcome.stderr).toContain(`docker login reg.example.com:5000 -u ${name}`);
    expect(outcome.stderr).not.toContain(outcome.stdout.trim());
    expect(await site.json("robot", "show", name)).toMatchObject({
      kind: "robot",
      permissions: ["pull"],
      owner: "alice",
      groups: ["machines"],
      secrets: [{ kind: "secret", live: true }],
    });
    expect(await site.must("robot", "list")).toMatch(new RegExp(`${name} +alice +pull +enabled`));
    const owned = (await site.json("robot", "list", "--owner", "bob")) as { name: string }[];
    expect(owned.map((robot) => robot.name)).toEqual(["fixed"]);
  });

  test("env is read by a shell, word by word", async () => {
    const { stdout } = await site.run(["robot", "add", name, "--output", "env"]);
    const script = `set -eu; eval "$TEXT"; printf '%s|%s|%s' "$DOCKER_REGISTRY" "$DOCKER_USERNAME" "$DOCKER_PASSWORD"`;
    const env = { PATH: process.env["PATH"] ?? "", TEXT: stdout };
    const read = await run("sh", ["-c", script], { env });
    expect(read.stdout).toMatch(new RegExp(`^reg\\.example\\.com:5000\\|${name}\\|dwr_\\w{48}$`));
  });

  test("dockerconfig is what docker and podman read", async () => {
    const words = ["--output", "dockerconfig", "--registry", "localhost:5050"];
    const { stdout } = await site.run(["robot", "add", name, ...words]);
    const file = JSON.parse(stdout) as { auths: Record<string, { auth: string }> };
    expect(Object.keys(file.auths)).toEqual(["localhost:5050"]);
    expect(decode(file.auths["localhost:5050"]?.auth ?? "")).toMatch(
      new RegExp(`^${name}:dwr_\\w{48}$`),
    );
  });

  test.each([
    ["ci.team+x@lab", "ci.team-x-lab"],
    ["ci-team+x@lab", "ci-team-x-lab"],
    ["a.-.b..c-.d", "a.b.c.d"],
    ["1e3", "1e3"],
    [`long.${"x".repeat(100)}`, `long.${"x".repeat(63)}`],
    [`edge${"x".repeat(58)}+y`, `edge${"x".repeat(58)}`],
  ])("kubernetes is a Secret for %s", async (robot, label) => {
    const { stdout } = await site.run(["robot", "add", robot, "--output", "kubernetes"]);
    const secret = parse(stdout) as { data: Record<string, string> };
    expect(secret).toMatchObject({
      apiVersion: "v1",
      kind: "Secret",
      metadata: { name: label },
      type: "kubernetes.io/dockerconfigjson",
    });
    const inner = JSON.parse(decode(secret.data[".dockerconfigjson"] ?? "")) as {
      auths: Record<string, { auth: string }>;
    };
    const { auth = "" } = inner.auths["reg.example.com:5000"] ?? {};
    expect(decode(auth).startsWith(`${robot}:dwr_`)).toBe(true);
  });

  test.each([
    ["robot add NEW --output yaml", 2, /text, env, dockerconfig, kubernetes/],
    ["robot add NEW --output env --json", 2, /leave --output out/],
    ["robot add NEW --registry https://reg.example.com", 2, /without http/],
    ["robot add NEW --registry reg.example.com/team", 2, /without a path/],
    ["robot add NEW --registry a$(id)", 2, /HOST:PORT/],
    ["robot add NEW --owner nosuch", 1, /no user nosuch who could own it/],
    ["robot add NEW --owner fixed", 1, /no user fixed who could own it/],
    ["robot add NEW --groups nosuch", 1, /no group nosuch/],
    ["robot add NEW --permissions fly", 2, /view, pull/],
    ["robot add NEW --secret-expires never", 2, /never ends is not made/],
    ["robot add NEW --secret-expires 2y", 2, /30d/],
    ["robot add NEW --expires 2001-01-01", 2, /past/],
    ["robot add a:b", 2, /not a name/],
    ["robot add NEW quiet-meadow", 2, /secret is made, never given: dockwarden robot add NAME\n/],
    ["robot rotate nosuch", 1, /no account nosuch/],
    ["robot rotate alice", 1, /alice is a user.*token create alice/],
    ["robot rotate fixed --output yaml", 2, /text, env/],
    ["robot rotate fixed --secret-expires 400d", 2, /365 days at most/],
    ["robot show nosuch", 1, /no account nosuch/],
    ["robot show alice", 1, /dockwarden user show alice/],
    ["robot update fixed", 2, /nothing to change/],
    ["robot update fixed --no-owner --owner alice", 2, /--owner and --no-owner/],
    ["robot update fixed --owner alice --no-owner", 2, /--owner and --no-owner/],
    ["robot rotate fixed --expires 30d", 2, /robot rotate NAME --secret-expires WHEN/],
    ["robot passwd fixed", 2, /no password.*dockwarden robot rotate NAME/],
    ["robot add NEW --secret-expires 90", 2, /^an end is written as 30d, 12h or 2027-01-31 \(/],
    ["robot update fixed --owner nosuch", 1, /no user nosuch/],
    ["robot update fixed --owner fixed", 1, /no user fixed/],
    ["robot update alice --no-owner", 1, /dockwarden user update alice/],
    ["robot disable alice", 1, /dockwarden user disable alice/],
    ["robot enable alice", 1, /dockwarden user enable alice/],
    ["robot remove alice", 1, /dockwarden user remove alice/],
    ["robot rename alice other", 1, /dockwarden user rename alice NEW/],
    ["robot rename fixed alice", 1, /alice is taken/],
    ["robot remove nosuch", 1, /no account nosuch/],
    ["robot list --owner nosuch", 1, /no account nosuch/],
    ["user passwd fixed --generate", 1, /dockwarden robot rotate fixed/],
    ["user update fixed --permissions push", 1, /dockwarden robot update fixed/],
    ["user disable fixed", 1, /dockwarden robot disable fixed/],
    ["user enable fixed", 1, /dockwarden robot enable fixed/],
    ["user rename fixed other", 1, /dockwarden robot rename fixed NEW/],
    ["user remove fixed", 1, /dockwarden robot remove fixed/],
    ["user unlock fixed", 1, /never locked/],
    ["user unlock nosuch", 1, /no account nosuch/],
  ])("L01, L02: %s is refused (%i)", async (line, code, says) => {
    await expectRefused(line.replace("NEW", name).split(" "), code, says);
  });

  test("an update that changes nothing says so and is not on record", async () => {
    await add(name, "--owner", "alice", "--permissions", "pull,push");
    const entries = async (): Promise<number> =>
      ((await site.json("audit", "list", "--account", name)) as unknown[]).length;
    const before = await entries();
    const same = ["--owner", "alice", "--permissions", "push,pull", "--expires", "never"];
    expect(await site.must("robot", "update", name, ...same)).toMatch(/^unchanged: /);
    expect(await entries()).toBe(before);
    expect(await site.must("robot", "update", name, "--no-owner")).toMatch(
      new RegExp(`^${name}: .*owner none`),
    );
    expect(await entries()).toBe(before + 1);
  });

  test("E14: users and robots share one space of names", async () => {
    await expectRefused(["robot", "add", "alice"], 1, /alice is taken/);
    await expectRefused(["user", "add", "fixed", "--generate"], 1, /fixed is taken/);
  });

  test("E14: an owner is removed only when the robots are given away or disabled", async () => {
    await addCliUser(site, "leaver", "pull");
    await add(name, "--owner", "leaver");
    await add(`${name}.b`, "--owner", "leaver");
    const told = await site.must("user", "disable", "leaver");
    expect(told).toMatch(new RegExp(`robots that leaver owns go on: ${name}, ${name}.b`));
    await expectRefused(
      ["user", "remove", "leaver"],
      1,
      new RegExp(`${name}, ${name}.b.*robot update ${name} --owner NAME.*robot disable ${name}`),
    );
    expect(await site.must("robot", "update", name, "--owner", "alice")).toMatch(/owner alice/);
    await expectRefused(["user", "remove", "leaver"], 1, new RegExp(`${name}.b`));
    await site.must("robot", "disable", `${name}.b`);
    await site.must("user", "remove", "leaver");
    expect(await site.json("robot", "show", `${name}.b`)).toMatchObject({ owner: null });
    expect(await site.json("user", "show", "alice")).toMatchObject({
      robots: expect.arrayContaining([expect.objectContaining({ name, enabled: true })]),
    });
  });

  test("a rotation leaves the old secret working, and says who used it last", async () => {
    const first = await add(name);
    noteUse(site, first.secretId, -60);
    const outcome = await site.run(["robot", "rotate", name]);
    expect(outcome).toMatchObject({ code: 0, stdout: expect.stringMatching(/^dwr_\w{48}\n$/) });
    expect(outcome.stdout.trim()).not.toBe(first.secret);
    expect(outcome.stderr).toMatch(
      new RegExp(`secret ${first.secretId} goes on until .*last used: .* from 192.0.2.9 by skopeo`),
    );
    expect(outcome.stderr).toContain(`dockwarden token revoke ${first.secretId}`);
    expect(await secretsOf(name)).toHaveLength(2);
  });

  test("of two secrets the older ends once the newer one is used in its place", async () => {
    const first = await add(name);
    const second = await rotate(name);
    noteUse(site, first.secretId, -200);
    noteUse(site, second.secretId, -190);
    const third = await rotate(name);
    expect(third.effects[0]).toMatch(new RegExp(`secret ${first.secretId} has ended`));
    expect(await secretsOf(name)).toEqual([second.secretId, third.secretId]);
  });

  test.each([
    ["was used after the newer one", -200, -300, "after the newer one .* was used last"],
    ["was used within two minutes", -100, -1, "within the last two minutes"],
    ["is used where clocks run ahead", 50, 90, "within the last two minutes"],
    ["alone was ever used", -4000, null, "the newer one .* was never used"],
  ])(
    "an older secret that %s is kept, with its user and both ways on named",
    async (_, use, newerUse, says) => {
      const first = await add(name);
      const second = await rotate(name);
      noteUse(site, first.secretId, use);
      if (newerUse !== null) noteUse(site, second.secretId, newerUse);
      const [older, newer] = [first.secretId, second.secretId];
      const who = `older one \\(${older}\\).* last at 20.*192.0.2.9 by skopeo/1.9, .*${says}`;
      const ways = `token revoke ${newer}\n.*robot rotate ${name} --yes`;
      await expectRefused(["robot", "rotate", name], 1, new RegExp(`${who}[^]*${ways}`));
      const third = await rotate(name, "--yes");
      expect(third.effects[0]).toMatch(new RegExp(`secret ${older} has ended`));
      expect(await secretsOf(name)).toEqual([newer, third.secretId]);
    },
  );

  test("an older secret that was never used ends", async () => {
    await add(name);
    const second = await rotate(name);
    const third = await rotate(name);
    expect(await secretsOf(name)).toEqual([second.secretId, third.secretId]);
  });

  test("a rotation whose output was lost is undone and repeated", async () => {
    const first = await add(name);
    noteUse(site, first.secretId, -4000);
    const lost = await rotate(name);
    await site.must("token", "revoke", String(lost.secretId));
    const third = await rotate(name);
    expect(await secretsOf(name)).toEqual([first.secretId, third.secretId]);
  });

  test("of two rotations at the same moment one is refused, and no working secret ends", async () => {
    const first = await add(name);
    noteUse(site, first.secretId, -4000);
    const args = ["robot", "rotate", name];
    const outcomes = await Promise.all([site.run(args), site.run(args)]);
    expect(outcomes.map(({ code }) => code).sort()).toEqual([0, 1]);
    expect(outcomes.find(({ code }) => code === 1)).toMatchObject({
      stdout: "",
      stderr: expect.stringMatching(/another secret meanwhile.*nothing changed|was never used/),
    });
    const [kept, ...added] = await secretsOf(name);
    expect([kept, added.length]).toEqual([first.secretId, 1]);
  });

  test("after a restore a secret is said to wait, by robot list, show and rotate and by the doctor", async () => {
    const waiting = await add(name);
    raiseEpoch(site);
    const says = new RegExp(`waits for dockwarden token confirm ${waiting.secretId}\\b`);
    expect(await site.must("robot", "list")).toMatch(says);
    expect(await site.must("robot", "show", name)).toMatch(says);
    const { effects } = await rotate(name);
    expect(effects[0]).toMatch(says);
    expect(effects.join()).not.toContain("goes on");
    const diagnose = (): Promise<unknown> => site.json("doctor", "--before-start");
    expect(await diagnose()).toMatchObject({
      findings: expect.arrayContaining([
        expect.objectContaining({
          id: "store.unconfirmed",
          severity: "warning",
          mends: [{ kind: "run", command: expect.stringMatching(/token confirm --all$/) }],
        }),
      ]),
    });
    await site.must("token", "confirm", "--all");
    expect(JSON.stringify(await diagnose())).not.toContain("store.unconfirmed");
  });

  test("an expired secret makes room before one that works", async () => {
    const first = await add(name);
    const second = await rotate(name);
    letExpire(site, second.secretId);
    const third = await rotate(name);
    expect(await secretsOf(name)).toEqual([first.secretId, third.secretId]);
  });

  test("a renamed robot keeps its secrets, a removed one loses them", async () => {
    const { secretId } = await add(name);
    const told = await site.must("robot", "rename", name, `${name}.new`);
    expect(told).toMatch(/pipelines sign in as/);
    expect(told).not.toMatch(/ended/);
    expect(await secretsOf(`${name}.new`)).toEqual([secretId]);
    expect(await site.must("robot", "remove", `${name}.new`)).toMatch(/ended with it: 1 secret/);
    expect(dumpCredentials(site)).not.toContain(`"id":${secretId},`);
  });

  test("a disabled robot's secrets are said to wait, and a rotation says that they are refused", async () => {
    await add(name);
    expect(await site.must("robot", "disable", name)).toMatch(/refused for now.*1 secret/);
    expect((await rotate(name)).effects[0]).toMatch(/is disabled.*dockwarden robot enable/);
    expect(await site.must("robot", "enable", name)).toMatch(/working again with it: 2 secrets/);
  });

  test("a store that fails after the robot was added says how to go on", async () => {
    const { onStore } = await import("../support/credential-rows.js");
    const trigger =
      "CREATE TRIGGER broken BEFORE INSERT ON credential BEGIN SELECT RAISE(ABORT, 'disk'); END";
    onStore(site, (store) => store.exec(trigger));
    const outcome = await site.run(["robot", "add", name]);
    onStore(site, (store) => store.exec("DROP TRIGGER broken"));
    expect(outcome).toMatchObject({ code: 3, stdout: "" });
    expect(outcome.stderr).toContain(`has no secret yet: dockwarden robot rotate ${name}`);
    await site.must("robot", "rotate", name);
    expect(await secretsOf(name)).toHaveLength(1);
  });
});

describe("what a change of a user does to credentials", () => {
  let site: CliSite;

  beforeAll(async () => {
    site = await openCliSite();
  });

  afterAll(() => site.close());

  async function prepare(name: string): Promise<void> {
    const { addLogin } = await import("../support/credential-rows.js");
    await addCliUser(site, name, "pull");
    addLogin(site, name);
    addLogin(site, name);
    await site.must("token", "create", name, "--description", "kept or not");
  }
  const kinds = async (name: string): Promise<string> => {
    const listed = (await site.json("token", "list", name)) as { kind: string }[];
    return listed.map(({ kind }) => kind).join();
  };

  test("E04: another password ends logins and tokens, and says how many", async () => {
    await prepare("anna");
    const outcome = await site.run(
      ["user", "passwd", "anna", "--password-stdin"],
      `${GOOD_PASSWORD}x\n`,
    );
    expect(outcome.text).toMatch(/ended with it: 2 logins, 1 personal token/);
    expect(await kinds("anna")).toBe("");
  });

  test("--keep-tokens ends the logins alone", async () => {
    await prepare("bert");
    const made = (await site.json(
      "user",
      "passwd",
      "bert",
      "--generate",
      "--keep-tokens",
    )) as object;
    expect(made).toMatchObject({ effects: ["ended with it: 2 logins"] });
    expect(await kinds("bert")).toBe("token");
  });

  test("E04: disabling ends logins, and tokens wait", async () => {
    await prepare("carl");
    const told = await site.must("user", "disable", "carl");
    expect(told).toMatch(/ended with it: 2 logins\n/);
    expect(told).toMatch(/refused for now, and working again with the account: 1 personal token/);
    expect(await site.must("token", "list", "carl")).toMatch(/the account is not active/);
  });

  test("user show is a tree: logins below the password, tokens beside it", async () => {
    await prepare("dora");
    const told = await site.must("user", "show", "dora");
    expect(told).toMatch(
      /\npassword +set 20[^\n]*\n└ login +\d+: made [^\n]*from 192\.0\.2\.7 by docker\/29\.1\.3[^\n]*\n└ login [^\n]*\npersonal token +\d+ \(kept or not\): made/,
    );
    expect(await site.json("user", "show", "dora")).toMatchObject({
      password: { set: expect.stringMatching(/^20/), lastUse: null, logins: [{}, {}] },
      tokens: [{ description: "kept or not", lastUse: null }],
      robots: [],
    });
  });

  test("user show has the robots that the user owns, each with its secrets and their last use", async () => {
    await addCliUser(site, "fred", "pull");
    const { secretId: id } = (await site.json("robot", "add", "f.one", "--owner", "fred")) as {
      secretId: number;
    };
    noteUse(site, id, -60);
    const { secretId } = (await site.json("robot", "add", "f.two", "--owner", "fred")) as {
      secretId: number;
    };
    await site.must("token", "revoke", String(secretId));
    expect(await site.must("user", "show", "fred")).toMatch(
      new RegExp(
        `\\nrobot +f.one *\\n└ secret +${id}: made .*last use 20.* from 192.0.2.9 by skopeo/1.9 *\\nrobot +f.two: no secret`,
      ),
    );
    expect(await site.json("user", "show", "fred")).toMatchObject({
      tokens: [],
      robots: [
        {
          name: "f.one",
          enabled: true,
          secrets: [{ id, live: true, lastUse: { address: "192.0.2.9", program: "skopeo/1.9" } }],
        },
        { name: "f.two", enabled: true, secrets: [] },
      ],
    });
  });

  test("user unlock lifts the lock, says so, and is on record", async () => {
    await addCliUser(site, "emil", "pull");
    const told = await site.must("user", "unlock", "emil");
    expect(told).toMatch(/^emil is unlocked: wrong passwords counted until now count no longer/);
    const { onStore } = await import("../support/credential-rows.js");
    const count = onStore(site, (store) =>
      store.prepare("SELECT unlock_mark FROM account WHERE name = 'emil'").pluck().get(),
    );
    expect(count).toBeGreaterThan(0);
    expect(await site.must("audit", "list", "--account", "emil")).toMatch(/account\.unlock +emil/);
  });
});
