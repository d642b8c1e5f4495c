// Personal tokens by command line: made, listed, ended and confirmed, with what is said and what is in the store then.
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { credentialSecrets } from "../../src/crypto/credential-secret.js";
import { addCliUser, openCliSite, type CliSite } from "../support/cli-site.js";
import {
  addLogin,
  dumpCredentials,
  letExpire,
  noteUse,
  onStore,
  raiseEpoch,
} from "../support/credential-rows.js";

interface Listed {
  readonly id: number;
  readonly account: string;
  readonly kind: string;
  readonly description: string | null;
  readonly images: readonly { readonly image: string; readonly service: string | null }[] | null;
  readonly actions: readonly string[] | null;
  readonly expires: string;
  readonly live: boolean;
  readonly unconfirmed: boolean;
  readonly ended: string | null;
  readonly lastUse: object | null;
}

const TOKEN = /^dwp_[0-9A-Za-z]{48}\n$/;

describe("personal tokens by command line", () => {
  let site: CliSite;

  const list = async (...args: string[]): Promise<readonly Listed[]> =>
    (await site.json("token", "list", ...args)) as readonly Listed[];

  /** Makes one; answers its number and itself. */
  async function create(
    ...args: string[]
  ): Promise<{ readonly id: number; readonly token: string }> {
    return (await site.json("token", "create", ...args)) as { id: number; token: string };
  }

  async function expectRefused(args: readonly string[], code: number, says: RegExp): Promise<void> {
    const before = dumpCredentials(site);
    const outcome = await site.run(args);
    expect(outcome).toMatchObject({ code, stdout: "" });
    expect(outcome.stderr).toMatch(says);
    expect(dumpCredentials(site)).toBe(before);
  }

  beforeAll(async () => {
    site = await openCliSite(
      "registry: { hosts: ['reg.example.com:5000'] }\ntoken: { services: [registry, second] }\n",
    );
    await addCliUser(site, "alice", "view,pull,push");
    await site.must("image", "register", "team/app", "--users", "alice");
    await site.must("robot", "add", "ci");
  });

  afterAll(() => site.close());

  test("a token is alone on standard output, and in the store only as a digest", async () => {
    const image = "reg.example.com:5000/team/app";
    const words = ["--image", image, "--actions", "push", "--description", "CI laptop"];
    const outcome = await site.run(["token", "create", "ALICE", ...words]);
    expect(outcome).toMatchObject({ code: 0, stdout: expect.stringMatching(TOKEN) });
    const token = outcome.stdout.trim();
    expect(outcome.stderr).not.toContain(token);
    expect(outcome.stderr).toMatch(/was cut off: the image is team\/app/);
    expect(outcome.stderr).toMatch(/it may now: pull, push on team\/app\n/);
    expect(outcome.stderr).toMatch(/docker login reg\.example\.com:5000 -u alice/);
    const [listed] = await list("alice");
    expect(listed).toMatchObject({
      account: "alice",
      kind: "token",
      description: "CI laptop",
      images: [{ image: "team/app", service: null }],
      actions: ["pull", "push"],
      live: true,
      lastUse: null,
    });
    expect(outcome.stderr).toContain(`dockwarden token revoke ${listed?.id ?? 0}`);
    const shape = credentialSecrets.read(token);
    const digest = shape.kind === "token" ? Buffer.from(shape.digest, "hex") : Buffer.alloc(0);
    const found = onStore(site, (store) =>
      store.prepare("SELECT id FROM credential WHERE digest = ?").pluck().get(digest),
    );
    expect(found).toBe(listed?.id);
    const days = (Date.parse(listed?.expires ?? "") - Date.now()) / 86_400_000;
    expect(Math.round(days)).toBe(90);
  });

  test("without image and actions it has no ceiling, and says so; an admin's is warned of", async () => {
    const { stderr } = await site.run(["token", "create", "alice"]);
    expect(stderr).toMatch(/all that alice may/);
    expect(stderr).not.toMatch(/WARNING/);
    expect((await site.run(["token", "create", "admin"])).stderr).toMatch(/WARNING: admin is an/);
  });

  test("--json has the token once, with its number, and what it may do", async () => {
    const made = await create("alice", "--service", "second", "--actions", "pull");
    expect(made).toMatchObject({
      id: expect.any(Number),
      account: "alice",
      token: expect.stringMatching(/^dwp_/),
      images: [{ image: "**", service: "second" }],
      actions: ["pull"],
      effects: [
        "it may pull wherever alice may, within every image on second",
        "it may now: pull on team/app on second",
      ],
    });
    expect(JSON.stringify(await list())).not.toContain(made.token);
  });

  test("an image that the account may not touch is said with the reason", async () => {
    const { code, stderr } = await site.run(["token", "create", "alice", "--image", "other"]);
    expect(code).toBe(0);
    expect(stderr).toMatch(/it may now: nothing on other\n\s+no image matches/);
  });

  test("a disabled account's token is made and said to be refused for now", async () => {
    await addCliUser(site, "sleeper", "pull");
    await site.must("user", "disable", "sleeper");
    const { code, stderr } = await site.run(["token", "create", "sleeper"]);
    expect(code).toBe(0);
    expect(stderr).toMatch(/refused for now: sleeper is disabled/);
    expect((await list("sleeper"))[0]).toMatchObject({ live: false, ended: null });
    expect(await site.must("user", "enable", "sleeper")).toMatch(/working again.*1 personal token/);
  });

  test.each([
    ["token create ci", 1, /ci is a robot.*dockwarden robot rotate ci/],
    ["token create nosuch", 1, /no account nosuch/],
    ["token create alice --image team/app:v1", 1, /names a tag.*--anyway/],
    ["token create alice --image other.example:5000/team/app", 2, /--literal/],
    ["token create alice --image https://reg.example.com/team/app", 2, /leave out https/],
    ["token create alice --image @anonymous", 2, /digest/],
    ["token create alice --image a**b", 2, /\*\*/],
    ["token create alice --actions fly", 2, /pull, push, delete/],
    ["token create alice --actions admin", 2, /pull, push, delete/],
    ["token create alice --service nosuch", 2, /no service nosuch/],
    ["token create alice --expires never", 2, /never ends is not made/],
    ["token create alice --expires 366d", 2, /365 days at most/],
    ["token create alice --expires tomorrow", 2, /30d/],
    [
      "token create alice --expires 90",
      2,
      /^an end is written as 30d, 12h or 2027-01-31 \(.*\)\n$/,
    ],
    ["token create alice --expires 99999d", 2, /365 days at most/],
    ["token create a:b", 2, /not a name/],
    ["token create @authenticated", 2, /not a name/],
    ["token create alice team/app", 2, /token create ACCOUNT --image IMAGE/],
    ["token create", 2, /account/],
    ["token list nosuch", 1, /no account nosuch/],
    ["token revoke", 2, /--account NAME/],
    ["token revoke 1 --account alice", 2, /either/],
    ["token revoke 1 --logins", 2, /--logins goes with/],
    ["token revoke one", 2, /"one" is no number.*--account one/],
    [
      "token revoke quiet:lantern",
      2,
      /"quiet:lantern" is no number[^]*see dockwarden token list\n/,
    ],
    ["token revoke 0", 2, /no number/],
    ["token revoke 1.5", 2, /no number/],
    ["token revoke --account nosuch", 1, /no account nosuch/],
    ["token revoke --account admin --logins", 1, /admin has no live login/],
    ["token confirm", 2, /--all/],
    ["token confirm 1 --all", 2, /either/],
    ["token confirm 999", 1, /no credential 999/],
    ["token frobnicate", 2, /frobnicate/],
  ])("L01, L02: %s is refused (%i)", async (line, code, says) => {
    await expectRefused(line.split(" "), code, says);
  });

  test.each(["quiet-meadow-lantern", "dwp_quietmeadow"])(
    "L03: %s typed where a number or an image belongs is never repeated",
    async (secret) => {
      const outcome = await site.run(["token", "create", "alice", secret]);
      expect(outcome).toMatchObject({ code: 2, stdout: "" });
      expect(outcome.stderr).not.toContain(secret);
    },
  );

  test("L03: a secret typed to be revoked is not repeated either", async () => {
    const { token } = await create("alice");
    const outcome = await site.run(["token", "revoke", token]);
    expect(outcome).toMatchObject({ code: 2, stdout: "" });
    expect(outcome.stderr).toMatch(/a secret, not a number/);
    expect(outcome.stderr).not.toContain(token.slice(4, 20));
  });

  test("an image with a tag is taken with --anyway", async () => {
    const { code, stderr } = await site.run(
      "token create alice --image team/app:v1 --anyway".split(" "),
    );
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringMatching(/may now/) });
  });

  test("a list shows who used what last, from where and by which program", async () => {
    const { id } = await create("alice", "--description", "used one");
    noteUse(site, id);
    const told = await site.must("token", "list", "alice");
    expect(told).toMatch(/used one.*last use \S+ from 192\.0\.2\.9 by skopeo\/1\.9\n/);
    const login = addLogin(site, "alice");
    const found = (await list("alice")).find((one) => one.id === login);
    expect(found).toMatchObject({
      kind: "refresh",
      createdFrom: { address: "192.0.2.7", program: "docker/29.1.3" },
    });
    // Unused, it ends earlier than its own end.
    expect(Math.round((Date.parse(found?.expires ?? "") - Date.now()) / 86_400_000)).toBe(90);
  });

  test("a revoked token is ended for ever, and what is said is true", async () => {
    const { id } = await create("alice", "--description", "to go");
    const told = await site.must("token", "revoke", String(id));
    expect(told).toMatch(new RegExp(`personal token ${id} of alice \\(to go\\) revoked`));
    expect(told).toMatch(/refused from the next request on; .* within 6 minutes/);
    expect((await list("alice")).map((one) => one.id)).not.toContain(id);
    const ended = (await list("alice", "--ended")).find((one) => one.id === id);
    expect(ended).toMatchObject({ live: false, ended: "revoked" });
    const audit = await site.must("audit", "list", "--account", "alice", "--outcome", "changed");
    expect(audit).toMatch(new RegExp(`credential.end +alice +token:${id} \\(to go\\): revoked`));
    expect(audit).toMatch(
      new RegExp(`credential.add +alice +credential: token:${id};.*expires: 20`),
    );
  });

  test("E10: an unknown, ended or expired number is refused, and the good one beside it lives on", async () => {
    const [gone, expired, good] = [
      await create("alice"),
      await create("alice"),
      await create("alice"),
    ];
    await site.must("token", "revoke", String(gone.id));
    letExpire(site, expired.id);
    for (const bad of [gone.id, expired.id, 99_999]) {
      await expectRefused(
        ["token", "revoke", String(good.id), String(bad)],
        1,
        /nothing changed|no credential/,
      );
    }
    expect((await list("alice")).map(({ id }) => id)).toContain(good.id);
    expect((await list("alice")).map(({ id }) => id)).not.toContain(expired.id);
  });

  test("E09: a store that is busy or fails never says revoked", async () => {
    const { id } = await create("alice");
    const before = dumpCredentials(site);
    const busy = await onStoreLocked(() => site.run(["token", "revoke", String(id)]));
    expect(busy).toMatchObject({ code: 75, stdout: "" });
    onStore(site, (store) =>
      store.exec(
        "CREATE TRIGGER broken BEFORE UPDATE ON credential BEGIN SELECT RAISE(ABORT, 'disk'); END",
      ),
    );
    const failed = await site.run(["token", "revoke", String(id)]);
    const all = await site.run(["token", "revoke", "--account", "alice"]);
    onStore(site, (store) => store.exec("DROP TRIGGER broken"));
    expect([failed, all]).toMatchObject([
      { code: 3, stdout: "" },
      { code: 3, stdout: "" },
    ]);
    expect([busy, failed, all].map(({ text }) => text).join()).not.toMatch(/revoked/);
    expect(dumpCredentials(site)).toBe(before);
  });

  async function onStoreLocked<T>(act: () => Promise<T>): Promise<T> {
    const { Database } = await import("../../src/storage/sqlite/engine.js");
    const store = new Database(`${site.workspace.folder}/data/dockwarden.db`);
    store.exec("BEGIN IMMEDIATE");
    try {
      return await act();
    } finally {
      store.exec("ROLLBACK");
      store.close();
    }
  }

  test("all of an account ends at once, or its logins alone", async () => {
    await addCliUser(site, "bob", "pull");
    await create("bob");
    addLogin(site, "bob");
    addLogin(site, "bob");
    const logins = await site.json("token", "revoke", "--account", "bob", "--logins");
    expect(logins).toMatchObject({ revoked: [{ kind: "refresh" }, { kind: "refresh" }] });
    expect((await list("bob")).map(({ kind }) => kind)).toEqual(["token"]);
    await site.must("token", "revoke", "--account", "bob");
    expect(await site.must("token", "list", "bob")).toBe("no live token, secret or login of bob\n");
    await expectRefused(["token", "revoke", "--account", "bob"], 1, /no live token/);
  });

  test("after a restore each waits until it is confirmed, one by one or all", async () => {
    await addCliUser(site, "carol", "pull");
    const [first, second] = [await create("carol"), await create("carol")];
    raiseEpoch(site);
    const later = await create("carol");
    expect(await site.must("token", "list", "carol")).toMatch(
      new RegExp(`from before a restore: waits for dockwarden token confirm ${first.id}`),
    );
    const told = await site.must("token", "confirm", String(first.id));
    expect(told).toBe(`personal token ${first.id} of carol works again\n`);
    expect((await list("carol")).map(({ id, live }) => [id, live])).toEqual([
      [first.id, true],
      [second.id, false],
      [later.id, true],
    ]);
    expect(await site.must("token", "confirm", String(later.id))).toMatch(/^unchanged/);
    const all = (await site.json("token", "confirm", "--all")) as { confirmed: object[] };
    expect(all.confirmed).toContainEqual(expect.objectContaining({ id: second.id }));
    const waiting = (await list()).filter(({ unconfirmed }) => unconfirmed);
    // Logins have ended with the restore; by its id one can be confirmed all the same.
    expect(waiting.filter(({ kind }) => kind !== "refresh")).toEqual([]);
    expect(await site.must("audit", "list", "--account", "carol")).toMatch(
      new RegExp(`credential.confirm +carol +token:${first.id} works again`),
    );
  });
});

describe("what a personal token for a pattern may", () => {
  let site: CliSite;

  beforeAll(async () => {
    site = await openCliSite("token: { services: [registry, second] }\n");
    await addCliUser(site, "alice", "view,pull,push");
    const toAlice = async (...image: string[]): Promise<string> =>
      site.must("image", "register", ...image, "--users", "alice");
    await toAlice("team/app");
    await toAlice("wide/**");
    await toAlice("late/model", "--service", "second");
    await site.must("image", "register", "flat/*");
    await site.must("access", "grant", "flat/*", "alice");
  });

  afterAll(() => site.close());

  test.each([
    [
      ["--image", "team/**"],
      ["it may do all that alice may, within team/**", "it may now: pull, push on team/app"],
    ],
    [
      ["--image", "wide/deep/**", "--actions", "pull"],
      ["it may pull wherever alice may, within wide/deep/**", "it may now: pull on wide/deep/**"],
    ],
    [
      ["--image", "**/app", "--actions", "pull"],
      [
        "it may pull wherever alice may, within **/app",
        "it may now: what is granted on flat/*, where that lies within **/app",
        "it may now: pull on team/app",
        "it may now: what is granted on wide/**, where that lies within **/app",
      ],
    ],
    [
      ["--image", "late/*"],
      [
        "it may do all that alice may, within late/*",
        "it may now: pull, push on late/model on second",
      ],
    ],
    [
      ["--image", "flat/*", "--actions", "pull"],
      ["it may pull wherever alice may, within flat/*", "it may now: pull on flat/*"],
    ],
    [
      ["--image", "nobodys/*"],
      [
        "it may do all that alice may, within nobodys/*",
        "now nothing: no image within nobodys/* names alice",
      ],
    ],
    [
      ["--image", "late/*", "--service", "second"],
      [
        "it may do all that alice may, within late/* on second",
        "it may now: pull, push on late/model on second",
      ],
    ],
  ])("is told for %j by the images that its account has there", async (words, effects) => {
    expect(await site.json("token", "create", "alice", ...words)).toMatchObject({ effects });
  });

  test("an admin's is not told image by image", async () => {
    expect(await site.json("token", "create", "admin", "--image", "team/**")).toMatchObject({
      effects: ["it may do all that admin may, within team/**"],
    });
  });
});
