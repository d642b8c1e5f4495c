// `import` on a real store: all or nothing, twice the same, nothing removed, no hash and no line repeated.
import { mkdir, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { addCliUser, openCliSite, type CliSite } from "../support/cli-site.js";
import { dumpStore } from "../support/store-dump.js";

/** Made by `htpasswd -nbBC 4`. */
const BCRYPT = "$2y$04$z8JOiLkZx4c4DbOgloLe6.m5Ku2e4khN9Yya5nTQOdSNPMDPyMpxW";
const OTHER = "$2y$04$yWn5iWjOiL8hIQ1GVQMC5uulxuyQLvXK8fnMllkBVHqNhVHhqu2SW";
const KEEP_RULE = 'dockwarden image register "**" --internal --actions pull,push';

let site: CliSite;
const rows = () => dumpStore(join(site.workspace.folder, "data", "dockwarden.db"));
const give = (text: string, ...args: string[]) => site.run(["import", ...args], text);
const show = async (name: string) => (await site.json("user", "show", name)) as object;
async function place(name: string, text: string): Promise<string> {
  const file = join(site.workspace.folder, name);
  await writeFile(file, text);
  return file;
}

beforeEach(async () => {
  site = await openCliSite("token: { services: [registry, second] }\n");
});
afterEach(() => site.close());

describe("import htpasswd", () => {
  test("adds users, says what nobody may do yet, and changes nothing the second time", async () => {
    const file = await place("htpasswd", `# us\r\nDeveloper:${BCRYPT}\r\nreader:${OTHER}\r\n`);
    const first = await site.run(["import", "htpasswd", file, "--groups", "team"]);
    expect(first).toMatchObject({ code: 0, stderr: "" });
    expect(first.stdout.split("\n").slice(0, 6)).toEqual([
      "+ user developer: view, pull, push; with its password",
      "+ user reader: view, pull, push; with its password",
      "+ group team: developer, reader",
      "3 new, 0 changed, 0 removed",
      `note: ${file}:2: capitals don't count here: the account is developer`,
      expect.stringMatching(/^note: nobody of them may do anything yet/),
    ]);
    expect(first.stdout).toContain(KEEP_RULE);
    expect(first.text).not.toMatch(/\$2y/);
    const before = rows();
    const second = await site.run(["import", "htpasswd", file, "--groups", "team"]);
    expect(second.stdout).toMatch(/^unchanged: the store has all of it already\n/);
    expect(rows()).toBe(before);
  });

  test("with --keep-access everybody may do what they did, and effects say so", async () => {
    const outcome = await give(`developer:${BCRYPT}\n`, "htpasswd", "-", "--keep-access");
    expect(outcome.stdout).toContain("+ image **: @authenticated (pull, push)\n");
    expect(outcome.stdout).toContain("who gains and loses what:\n");
    expect(outcome.stdout).not.toContain(KEEP_RULE);
    expect(await site.must("access", "check", "developer", "any/app", "--action", "push")).toMatch(
      /pull, push/,
    );
    const again = await give(`developer:${BCRYPT}\n`, "htpasswd", "-", "--keep-access");
    expect(again.stdout).toBe("unchanged: the store has all of it already\n");
  });

  test("a rule that gives them something takes the note away", async () => {
    await site.must("group", "add", "team");
    await site.must("image", "register", "app", "--users", "group:team");
    const dry = ["--dry-run"];
    expect((await give(`a:${BCRYPT}\n`, "htpasswd", "-", ...dry)).stdout).toContain(KEEP_RULE);
    const joined = await give(`a:${BCRYPT}\n`, "htpasswd", "-", "--groups", "team", ...dry);
    expect(joined.stdout).not.toContain(KEEP_RULE);
    expect(joined.stdout).toMatch(/on app:\n {4}newly in .*: a\n/);
  });

  test("a dry run says the same and changes nothing", async () => {
    const before = rows();
    const dry = await give(`a:${BCRYPT}\n`, "htpasswd", "-", "--dry-run", "--keep-access");
    expect(dry).toMatchObject({ code: 0 });
    expect(dry.stdout).toContain("2 new, 0 changed, 0 removed; nothing was changed (--dry-run)\n");
    expect(rows()).toBe(before);
    const json = await give(`a:${BCRYPT}\n`, "htpasswd", "-", "--dry-run", "--json");
    expect(JSON.parse(json.stdout)).toEqual({
      steps: [{ kind: "account.add", text: "+ user a: view, pull, push; with its password" }],
      notes: [expect.stringContaining(KEEP_RULE)],
      faults: [],
      effects: [],
      changed: false,
    });
    expect(rows()).toBe(before);
  });

  test("L06: one bad line keeps everything out, and no word of it is repeated", async () => {
    const before = rows();
    const file = await place("htpasswd", `a:${BCRYPT}\nhunter2\nb:hunter2\nc:${BCRYPT}\n`);
    const outcome = await site.run(["import", "htpasswd", file]);
    expect(outcome).toMatchObject({ code: 1, stdout: "" });
    expect(outcome.stderr.trimEnd().split("\n")).toEqual([
      `${file}:2: a line is NAME:HASH, and there is no colon; mend it`,
      expect.stringMatching(/htpasswd:3: the hash is neither bcrypt nor argon2id: .* htpasswd -B$/),
      "nothing was imported; repeat with --skip-invalid to leave these lines out",
    ]);
    expect(outcome.text).not.toContain("hunter2");
    expect(rows()).toBe(before);
    const json = await site.run(["import", "htpasswd", file, "--json"]);
    expect(json.code).toBe(1);
    expect(JSON.parse(json.stdout)).toMatchObject({
      steps: [],
      faults: [{ line: 2 }, { line: 3 }],
      changed: false,
    });
    expect(rows()).toBe(before);
  });

  test("--skip-invalid lists bad lines and takes the others", async () => {
    const text = `a:${BCRYPT}\nhunter2\nA:${BCRYPT}\n`;
    const outcome = await give(text, "htpasswd", "-", "--skip-invalid");
    expect(outcome.code).toBe(0);
    expect(outcome.stderr.trimEnd().split("\n")).toEqual([
      expect.stringMatching(/^left out: standard input:2: a line is NAME:HASH/),
      expect.stringMatching(/^left out: standard input:3: the account of line 1 once more/),
    ]);
    expect(outcome.stdout).toContain("1 new, 0 changed, 0 removed\n");
    const json = await give(text, "htpasswd", "-", "--skip-invalid", "--json");
    expect(JSON.parse(json.stdout)).toMatchObject({ changed: false, faults: [{}, {}] });
  });

  test("L07: hashes that can't be used are refused by line with their reasons", async () => {
    const lines = [
      "a:$apr1$P7G21Y7P$F6kSp4coPimCm1MlMFROj1",
      "b:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=",
      "c:hunter2",
      `d:${BCRYPT.replace("$04$", "$31$")}`,
    ];
    const outcome = await give(lines.join("\n"), "htpasswd", "-");
    const [md5, sha, plain, cost] = outcome.stderr.split("\n");
    expect(md5).toMatch(/^standard input:1: .*\(\$apr1\$\).*htpasswd -B$/);
    expect(sha).toMatch(/^standard input:2: .*SHA.*htpasswd -B$/);
    expect(plain).toMatch(/^standard input:3: .*plain password.*htpasswd -B$/);
    expect(cost).toMatch(/^standard input:4: .*cost above 14.*htpasswd -B$/);
    expect(outcome.text).not.toMatch(/hunter2|P7G21Y7P|W6ph/);
  });

  test("of very many faults the first 50 are shown, and JSON has all", async () => {
    const text = "x\n".repeat(1000);
    const shown = (await give(text, "htpasswd", "-")).stderr.trimEnd().split("\n");
    expect(shown).toHaveLength(52);
    expect(shown[50]).toBe("and 950 more; --json has all");
    const json = await give(text, "htpasswd", "-", "--json");
    expect((JSON.parse(json.stdout) as { faults: unknown[] }).faults).toHaveLength(1000);
  });

  test("long lists are cut, and JSON has all", async () => {
    const text = Array.from({ length: 100 }, (_, at) => `u${at}:${BCRYPT}\n`).join("");
    const { stdout } = await give(text, "htpasswd", "-", "--dry-run");
    expect(stdout).toContain("\nand 60 more; --dry-run --json shows all\n100 new, 0 changed");
    const json = await give(text, "htpasswd", "-", "--dry-run", "--json");
    expect((JSON.parse(json.stdout) as { steps: unknown[] }).steps).toHaveLength(100);
  });

  test("an account that is there keeps its password and permissions, unless they are named", async () => {
    await addCliUser(site, "reader", "pull");
    const before = await show("reader");
    const outcome = await give(`reader:${BCRYPT}\nadmin:${BCRYPT}\n`, "htpasswd", "-");
    expect(outcome.stdout).toMatch(/^unchanged/);
    expect(outcome.stdout).toContain("note: admin keeps the password that it has here");
    expect(outcome.stdout).toContain("note: reader keeps the password that it has here");
    expect(await show("reader")).toEqual(before);
    await give(`reader:${BCRYPT}\n`, "htpasswd", "-", "--permissions", "view,pull");
    expect(await show("reader")).toMatchObject({ permissions: ["view", "pull"] });
    const lockout = await give(`admin:${BCRYPT}\n`, "htpasswd", "-", "--permissions", "view");
    expect(lockout.code).toBe(1);
    expect(lockout.stderr).toMatch(/^it would leave no admin/);
  });

  test("the name of a robot is a fault with its line", async () => {
    await site.must("robot", "add", "ci", "--permissions", "pull");
    const outcome = await give(`a:${BCRYPT}\nci:${BCRYPT}\n`, "htpasswd", "-");
    expect(outcome).toMatchObject({ code: 1 });
    expect(outcome.stderr).toMatch(/^standard input:2: a robot has that name/);
  });

  test("user show tells an imported password from one of ours", async () => {
    await give(`a:${BCRYPT}\n`, "htpasswd", "-");
    expect(await site.must("user", "show", "a")).toMatch(
      /password +imported \(bcrypt\): only its first 72 bytes count until a good login with a shorter one renews it or a new one is set\n/,
    );
    expect(await show("a")).toMatchObject({ passwordHash: "bcrypt" });
    expect(await site.must("user", "show", "admin")).not.toContain("imported");
    expect(await show("admin")).toMatchObject({ passwordHash: "argon2id" });
    await site.must("robot", "add", "ci", "--permissions", "pull");
    expect(await show("ci")).toMatchObject({ passwordHash: null });
  });

  test("an imported password that changes in the file changes here; one set here stays", async () => {
    await give(`a:${BCRYPT}\nb:${BCRYPT}\n`, "htpasswd", "-");
    await site.run(["user", "passwd", "b", "--password-stdin"], "quiet-meadow-lantern-42\n");
    const outcome = await give(`a:${OTHER}\nb:${OTHER}\n`, "htpasswd", "-");
    expect(outcome.stdout).toContain("~ user a: another password, which ends its logins\n");
    expect(outcome.stdout).toContain("note: b keeps the password that it has here");
    expect(await show("b")).toMatchObject({ passwordHash: "argon2id" });
  });

  test("what can't be read is wrong usage, and nothing is touched", async () => {
    const before = rows();
    const folder = join(site.workspace.folder, "folder");
    await mkdir(folder);
    const link = join(site.workspace.folder, "endless");
    await symlink("/dev/zero", link);
    const long = await place("long", "");
    await truncate(long, 64_000_001);
    for (const [file, reason] of [
      [join(folder, "nosuch"), /can't be read \(ENOENT\)/],
      [folder, /is not a regular file/],
      [link, /is not a regular file/],
      [long, /is longer than 64 MB/],
    ] as const) {
      const outcome = await site.run(["import", "htpasswd", file]);
      expect(outcome).toMatchObject({ code: 2, stdout: "" });
      expect(outcome.stderr).toMatch(reason);
    }
    const foreign = await site.run(["import", "htpasswd", "-"], Buffer.from([0x61, 0xff]));
    expect(foreign).toMatchObject({
      code: 2,
      stderr: "standard input is not UTF-8; save it as such\n",
    });
    const words = await give("", "htpasswd", "-", "--permissions", "fly");
    expect(words).toMatchObject({ code: 2 });
    expect(await give("\ufeff# nothing\n", "htpasswd", "-")).toMatchObject({
      code: 0,
      stdout: "unchanged: there is nothing in it to import\n",
    });
    expect(rows()).toBe(before);
  });
});

const USERS = JSON.stringify({
  developer: {
    username: "developer",
    password_hash: "htpasswd",
    permissions: ["view", "pull", "push"],
    email: "developer@example.com",
  },
  auditor: { username: "auditor", password_hash: BCRYPT, permissions: ["view"], email: null },
});
const image = (key: string, ...users: string[]) => {
  const [name, tag] = key.split(":");
  const facts = { digest: `sha256:${"a".repeat(64)}`, created: "2024-12-05T12:00:00Z", size: 14 };
  return [key, { name, tag, ...facts, allowed_users: users }] as const;
};
const IMAGES = JSON.stringify(
  Object.fromEntries([
    image("telechat:7b-fp16", "developer", "admin"),
    image("telechat:7b-int4", "developer"),
    image("base:1"),
  ]),
);

describe("import users-json and images-json", () => {
  test("the catalogues of the appendix are taken, and twice is once", async () => {
    const beside = await place("htpasswd", `developer:${BCRYPT}\n`);
    const without = await give(USERS, "users-json", "-");
    expect(without).toMatchObject({ code: 1, stdout: "" });
    expect(without.stderr).toContain("--htpasswd FILE");
    const both = await give(USERS, "users-json", "-", "--htpasswd", "-");
    expect(both).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^standard input can be/),
    });
    const users = await give(USERS, "users-json", "-", "--htpasswd", beside);
    expect(users).toMatchObject({ code: 0, stderr: "" });
    expect(await show("developer")).toMatchObject({
      email: "developer@example.com",
      permissions: ["view", "pull", "push"],
      passwordHash: "bcrypt",
    });
    const again = await give(USERS, "users-json", "-", "--htpasswd", beside);
    expect(again.stdout).toBe("unchanged: the store has all of it already\n");

    const before = rows();
    const refused = await give(IMAGES, "images-json", "-");
    expect(refused).toMatchObject({ code: 1, stdout: "" });
    expect(refused.stderr).toMatch(/Three ways on: .*--anyway[^]*\nor repeat with --fold-tags/);
    expect(rows()).toBe(before);
    const folded = await give(IMAGES, "images-json", "-", "--fold-tags");
    expect(folded).toMatchObject({ code: 0, stderr: "" });
    expect(folded.stdout).toContain("+ image telechat: exclusive; developer\n");
    expect(folded.stdout).toContain("by folding its tags admin loses 7b-fp16");
    expect(folded.stdout).toContain("base: OPEN TO ALL");
    expect(folded.stdout).toMatch(/who gains and loses what:\n[^]*on telechat:\n/);
    const twice = await give(IMAGES, "images-json", "-", "--fold-tags");
    expect(twice.stdout).toMatch(/^unchanged: the store has all of it already\n/);
    const tagged = await give(IMAGES, "images-json", "-", "--anyway", "--service", "second");
    expect(tagged).toMatchObject({ code: 0 });
    expect(
      await site.json("image", "show", "telechat:7b-fp16", "--service", "second"),
    ).toMatchObject({ size: 14, created: "2024-12-05T12:00:00Z" });
    expect(await give(IMAGES, "images-json", "-", "--service", "nosuch")).toMatchObject({
      code: 2,
    });
  });

  test("L06: an unknown user keeps everything out; left out, the image stays shut", async () => {
    const before = rows();
    const text = JSON.stringify(Object.fromEntries([image("app", "nosuch"), image("base")]));
    const outcome = await give(text.replaceAll('"tag":', '"tags":'), "images-json", "-");
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toContain(
      "standard input:1: allowed_users names an account that is not",
    );
    expect(rows()).toBe(before);
    const skipped = await give(text, "images-json", "-", "--skip-invalid");
    expect(skipped.code).toBe(0);
    expect(skipped.stderr).toMatch(/^left out: standard input:1: /);
    expect(skipped.stdout).toContain("+ image app: exclusive; nobody\n");
    expect(skipped.stdout).toContain("app is for nobody but admins\n");
  });

  test("what is no JSON can't be left out: nothing is imported, with --skip-invalid neither", async () => {
    const before = rows();
    for (const more of [[], ["--skip-invalid"]]) {
      for (const verb of ["users-json", "images-json"]) {
        const outcome = await give('{"a": {},\n"b": hunter2}', verb, "-", ...more);
        expect(outcome).toMatchObject({ code: 1, stdout: "" });
        expect(outcome.stderr).toMatch(/^standard input:2: not JSON: .*\nnothing was imported\n$/);
      }
    }
    expect(rows()).toBe(before);
  });
});
