// What a server has put on record, as the command line shows it: list, summary, references, last use, what is unused.
import { renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { Database } from "../../src/storage/sqlite/engine.js";
import { from, REFUSED, USE, writeActivity } from "../support/activity-site.js";
import { addCliUser, openCliSite, type CliSite } from "../support/cli-site.js";

const DAY = 86_400;
const HOUR = 3600;
const NOW = Math.floor(Date.now() / 1000);
/** The start of an hour, some hours ago. */
const RECENT = Math.floor(NOW / HOUR) * HOUR - 5 * HOUR;
/** Another hour, before what the summary is asked for. */
const FLOOD = RECENT - 50 * HOUR;
const OLD = RECENT - 100 * DAY;

describe("what is on record of tokens and refusals", () => {
  let site: CliSite;
  const lines = (text: string): readonly string[] => text.trimEnd().split("\n");
  const path = (): string => join(site.workspace.folder, "data", "dockwarden-activity.db");

  beforeAll(async () => {
    site = await openCliSite("token: { services: [registry, second] }\n");
    await addCliUser(site, "alice", "view,pull,push");
    await addCliUser(site, "bob", "view,pull");
    await site.must("image", "register", "team/app", "--users", "alice,bob", "--actions", "pull");
    await site.must("image", "register", "team/old", "--users", "alice");
    await site.must("group", "add", "ml");
    await site.must("group", "add-member", "ml", "bob");
    await site.must("access", "grant", "lab/*", "group:ml");
  });

  afterAll(() => site.close());

  describe("before any server ran", () => {
    test("list has the changes, summary and user show say that nothing is on record", async () => {
      expect(await site.json("audit", "list", "--outcome", "given,refused")).toEqual([]);
      expect(await site.must("audit", "summary")).toContain("0 refusals");
      expect(await site.must("user", "show", "alice")).toMatch(/last sign-in +none on record/);
      expect(await site.must("access", "review", "--unused", "90d")).toContain(
        "nothing is on record yet",
      );
      expect(await site.must("access", "review")).toContain(
        "\nlast used: nothing is on record yet\n",
      );
    });

    test("a reference is not known", async () => {
      const outcome = await site.run(["access", "check", "--ref", "000001"]);
      expect(outcome.code).toBe(2);
      expect(outcome.stderr).toMatch(/^no refusal 000001 is on record; [^\n]+\n$/);
    });
  });

  describe("afterwards", () => {
    beforeAll(async () => {
      await writeActivity(path(), OLD, (sums) => {
        sums.given({ ...USE, image: "team/old" }, from("192.0.2.1"), OLD);
        sums.given(USE, from("192.0.2.1"), OLD);
        for (let at = 0; at < 12; at += 1) {
          sums.given(USE, from(`192.0.2.${1 + (at % 2)}`), RECENT + at);
        }
        sums.given({ ...USE, image: "", actions: "" }, from("192.0.2.1"), RECENT + 20);
        for (let at = 0; at < 3; at += 1) sums.refused(REFUSED, from("192.0.2.1"), RECENT + at);
        const signIn = {
          ...REFUSED,
          isSignIn: true,
          image: "",
          asked: "",
          given: "",
          path: () => "",
        };
        for (let at = 0; at < 40; at += 1) {
          const guess = { ...signIn, credential: "password", reason: "bad_password" };
          sums.refused({ ...guess, tried: "bob" }, from("198.51.100.7"), RECENT + 30 + at);
          const unknown = {
            ...guess,
            isStranger: true,
            reason: "unknown_account",
            tried: `root${at % 3}`,
          };
          sums.refused(unknown, from("198.51.100.7"), RECENT + 30);
        }
        const anonymous = {
          ...REFUSED,
          isStranger: true,
          tried: "",
          credential: "",
          asked: "pull",
          given: "",
        };
        sums.refused({ ...anonymous, path: () => "" }, from("203.0.113.4"), RECENT + 99);
        const admin = { ...REFUSED, tried: "admin", given: "", path: () => "" };
        const catalog = { ...admin, image: "registry:catalog", asked: "*" };
        sums.refused(catalog, from("192.0.2.1"), RECENT + 50);
        for (let at = 0; at < 510; at += 1) {
          const flood = { ...REFUSED, tried: "mallory", image: `flood/${at}` };
          sums.refused(flood, from("192.0.2.66"), FLOOD + (at === 509 ? 1 : 0));
        }
        const service = { ...admin, reason: "unknown_service", service: "", image: "", asked: "" };
        sums.refused(service, from("192.0.2.1"), RECENT + 51);
      });
    });

    test("list has everything in the order of time, a sum at its last time", async () => {
      const entries = (await site.json("audit", "list", "--limit", "1000")) as readonly {
        outcome: string;
        at: string;
      }[];
      const times = entries.map(({ at }) => at);
      expect(times).toEqual([...times].sort());
      const outcomes = new Set(entries.map(({ outcome }) => outcome));
      expect(outcomes).toEqual(new Set(["changed", "given", "refused"]));
    });

    test("list shows who asked what, what they got, why not, how often and from where", async () => {
      const page = await site.must("audit", "list", "--outcome", "refused", "--account", "alice");
      expect(lines(page)).toHaveLength(2);
      expect(page).toContain(
        "alice  refused  team/app  asked pull,push, got pull: not allowed; 3 times since ",
      );
      expect(page).toMatch(/from 192\.0\.2\.1 by docker\/29\.1\.3; ref [0-9A-Z]{6}\n$/);
      const given = await site.must("audit", "list", "--outcome", "given", "--since", "1d");
      expect(given).toMatch(
        /alice +given +team\/app +pull; 12 times .*from 192\.0\.2\.1, 192\.0\.2\.2 by password:1/,
      );
      expect(given).toMatch(/alice +given +sign-in +nothing asked; once/);
    });

    test.each([
      ["--account alice --outcome refused", 1],
      ["--account @anonymous --outcome refused", 1],
      ["--account root1 --outcome refused", 1],
      ["--image team/* --outcome given", 3],
      ["--image team/old --outcome given", 1],
      ["--image team/old --outcome given --since 30d", 0],
      ["--image nothing/here --outcome given,refused", 0],
      ["--outcome given --until 30d", 2],
      ["--image localhost:5001/team/old --outcome given,given", 1],
      ["--service registry --outcome given --until 30d", 2],
      ["--service second --outcome given,refused", 0],
    ])("list %s finds %d", async (options, count) => {
      expect(await site.json("audit", "list", ...options.split(" "))).toHaveLength(count);
    });

    test.each([
      ["--outcome denied", "--outcome is one or more of changed, refused, given"],
      ["--outcome changed,", "--outcome is one or more of changed, refused, given"],
      ["--actor root --outcome given", "--group and --actor find changes only"],
      ["--account BAD_NAME_", '--account got "BAD_NAME_"; it takes @anonymous or a name: '],
      ["--account a%20b", '--account got "a b"; it takes @anonymous or a name: '],
      ["--group @anonymous", '--group got "@anonymous"; it takes a name: '],
      ["--image [", '"[": a repository has a-z'],
      ["--image example.com:443/app", "begins with a host, and no request names one"],
      ["--service nosuch", "there is no service nosuch; token.services has registry, second"],
    ])("list %s is wrong usage", async (options, message) => {
      const args = options.split(" ").map((word) => word.replace("%20", " "));
      const outcome = await site.run(["audit", "list", ...args]);
      expect(outcome.code).toBe(2);
      expect(outcome.stderr).toContain(message);
    });

    test("summary says odd things first", async () => {
      const page = await site.must("audit", "summary", "--since", "1d");
      const [head = "", blank, title, ...odd] = lines(page);
      expect(head).toContain("86 refusals, 13 images or sign-ins given");
      expect([blank, title]).toEqual(["", "to look at"]);
      expect(odd[0]).toMatch(
        /^ {2}40 wrong passwords for bob, the last at .*Z, from 198\.51\.100\.7$/,
      );
      expect(odd[1]).toContain("40 sign-ins with names that no account has (root0, root1, root2)");
      expect(odd[2]).toBe("  alice was given tokens at new addresses: 192.0.2.2");
      expect(page).toMatch(/REFUSED +IMAGE +ASKED +WHY +TIMES +LAST\n/);
      expect(page).toMatch(/\nalice +team\/app +pull,push +not allowed +3 /);
      const data = (await site.json("audit", "summary", "--since", "1d")) as Record<
        string,
        unknown
      >;
      expect(data).toMatchObject({ refusedCount: 86, givenCount: 13, restCount: 0 });
    });

    test("a reference shows how it was decided then, and what would be now", async () => {
      const [entry] = (await site.json(
        ..."audit list --outcome refused --account alice".split(" "),
      )) as readonly { reference: string }[];
      const reference = entry?.reference ?? "";
      const outcome = await site.run(["access", "check", "--ref", reference.toLowerCase()]);
      expect(outcome.code).toBe(1);
      expect(outcome.stdout).toContain("alice (password:1) was refused for team/app on registry\n");
      expect(outcome.stdout).toContain("decided then:\n  team/app grants pull to alice\n");
      expect(outcome.stdout).toContain(
        "now:\n  no: alice may not pull and push team/app on registry\n",
      );
      expect(outcome.stdout).toContain("to change that: dockwarden access grant team/app alice");
      await site.must("access", "grant", "team/app", "alice", "--actions", "pull,push");
      const later = await site.run(["access", "check", "--ref", reference]);
      await site.must("access", "grant", "team/app", "alice", "--actions", "pull");
      expect(later.code).toBe(0);
      expect(later.stdout).toContain("now:\n  yes: alice may pull and push team/app on registry\n");
    });

    test("a reference of a failed sign-in and of an unknown name is shown without a decision", async () => {
      for (const [name, words] of [
        ["bob", "wrong password"],
        ["root1", "no account has this name"],
      ] as const) {
        const [entry] = (await site.json(
          ...`audit list --outcome refused --account ${name}`.split(" "),
        )) as readonly { reference: string }[];
        const outcome = await site.run(["access", "check", "--ref", entry?.reference ?? ""]);
        expect([outcome.code, outcome.stderr]).toEqual([1, ""]);
        expect(outcome.stdout).toContain(words);
        expect(outcome.stdout).not.toContain("now:");
        expect(outcome.stdout).toContain(
          name === "bob"
            ? "to change that: dockwarden user passwd bob"
            : "to change that: dockwarden user add root1",
        );
      }
    });

    test("the row for the rest of a flood says where each refusal is found", async () => {
      const options = "audit list --outcome refused --limit 100000".split(" ");
      const entries = (await site.json(...options)) as readonly {
        reference: string;
        isRest: boolean;
      }[];
      const [rest, ...more] = entries.filter(({ isRest }) => isRest);
      expect(more).toEqual([]);
      const reference = rest?.reference ?? "";
      expect(await site.must(...options)).toMatch(
        new RegExp(
          `many +refused +more kinds than are kept: 10 times since .*, from 192\\.0\\.2\\.66; each is in the server's log with ref ${reference}\n`,
        ),
      );
      const outcome = await site.run(["access", "check", "--ref", reference]);
      expect([outcome.code, outcome.stderr]).toEqual([1, ""]);
      expect(outcome.stdout).toContain(
        `the server's log has each of them: the lines with ${reference} in ref or refs say who, what and why`,
      );
    });

    test("what no image decided is not asked again, and no grant is advised for it", async () => {
      const entries = (await site.json(
        ..."audit list --outcome refused --account admin".split(" "),
      )) as readonly { reference: string }[];
      expect(entries).toHaveLength(2);
      const shown = await Promise.all(
        entries.map(({ reference }) => site.run(["access", "check", "--ref", reference])),
      );
      expect(shown.map(({ code }) => code)).toEqual([1, 1]);
      expect(shown[0]?.stdout).toContain("to change that: only an account with admin gets this");
      expect(shown[1]?.stdout).toContain("to change that: set auth.token.service of the registry");
      for (const { stdout } of shown) expect(stdout).not.toMatch(/now:|access grant/);
    });

    test.each([
      [["--ref", "nonsense"], '--ref got "nonsense"; it takes six letters and digits'],
      [["--ref", ""], '--ref got ""; it takes six letters and digits'],
      [["--ref", "000001", "alice", "team/app"], "by itself; leave out alice team/app\n"],
      [["--ref", "000001", "--action", "pull"], "by itself; leave out --action\n"],
      [["--ref=000001", "--service=registry", "--literal"], "leave out --service --literal\n"],
      [["alice"], "name both: dockwarden access check SUBJECT IMAGE"],
    ])("check %j is wrong usage", async (args, message) => {
      const outcome = await site.run(["access", "check", ...args]);
      expect(outcome.code).toBe(2);
      expect(outcome.stderr).toContain(message);
    });

    test("user show has the last sign-in", async () => {
      const time = new Date((RECENT + 20) * 1000).toISOString().replace(".000", "");
      expect(await site.must("user", "show", "alice")).toContain(time);
      expect(await site.json("user", "show", "alice")).toMatchObject({ lastSignIn: time });
      expect(await site.json("user", "show", "bob")).toMatchObject({ lastSignIn: null });
      expect(await site.must("user", "show", "bob")).toMatch(/last sign-in +none since /);
    });

    test("review has when each right was last used", async () => {
      const { accounts } = (await site.json("access", "review")) as {
        accounts: readonly { name: string; lastUsed: string | null; grants: readonly object[] }[];
      };
      const review = await site.json("access", "review");
      const time = new Date(OLD * 1000).toISOString().replace(".000", "");
      expect(review).toMatchObject({ recordsBegin: time });
      expect(await site.must("access", "review")).toContain(
        `\nlast used: on record since ${time}; never means not since then\n`,
      );
      const alice = accounts.find(({ name }) => name === "alice");
      expect(alice?.lastUsed).toMatch(/Z$/);
      expect(alice?.grants).toEqual([
        expect.objectContaining({ image: "team/app", lastUsed: expect.stringMatching(/Z$/) }),
        expect.objectContaining({ image: "team/old", lastUsed: expect.stringMatching(/Z$/) }),
      ]);
    });

    test("accounts and grants made since are not called unused", async () => {
      expect(await site.json("access", "review", "--unused", "1d")).toMatchObject({
        accounts: [],
        grants: [],
      });
      expect(await site.must("access", "review", "--unused", "1d")).toMatch(
        /^not used since .*: nothing\n/,
      );
    });

    test("old accounts and grants that nobody used are called unused, with the command that takes them away", async () => {
      const store = new Database(join(site.workspace.folder, "data", "dockwarden.db"));
      store.exec(
        `UPDATE account SET created_at = ${OLD}; UPDATE image_grant SET created_at = ${OLD}`,
      );
      store.close();
      const time = new Date(OLD * 1000).toISOString().replace(".000", "");
      expect(await site.json("access", "review", "--unused", "30d")).toMatchObject({
        recordsBegin: time,
        accounts: [
          { name: "admin", lastUsed: null, lastAdmin: true },
          { name: "bob", lastUsed: null, lastAdmin: false },
        ],
        grants: [
          { subject: "alice", image: "team/old", lastUsed: time },
          { subject: "group:ml", image: "lab/*", lastUsed: null },
        ],
      });
      const page = await site.must("access", "review", "--unused", "30d");
      expect(page).toContain("dockwarden user disable bob");
      expect(page).toContain("dockwarden access revoke 'lab/*' group:ml");
      expect(page).not.toContain("dockwarden user disable admin");
      expect(page).toMatch(/^admin +the account +never +stays: the last admin; make another one/m);
      expect(page).not.toContain("on record only since");
      const rest = await site.run([
        ..."access review --unused 30d --limit 2 --offset 1".split(" "),
      ]);
      expect(rest.stdout.match(/^(?:admin|bob|alice|group:ml) /gm)).toEqual(["bob ", "alice "]);
      expect(rest.stderr).toBe("2 of 4 accounts and grants; go on with --offset 3\n");
      expect(await site.must("access", "review", "--unused", "200d")).toContain(
        `on record only since ${time}: what was used before that looks unused`,
      );
    });

    test("prune forgets what is older than the retention, here and in the changes", async () => {
      expect(await site.json("audit", "list", "--outcome", "given", "--until", "30d")).toHaveLength(
        2,
      );
      expect(await site.json("audit", "prune")).toEqual({
        pruned: 2,
        changes: 0,
        sums: 2,
        retentionDays: 90,
      });
      expect(await site.json("audit", "list", "--outcome", "given", "--until", "30d")).toEqual([]);
    });

    test("a damaged file is named with what really helps", async () => {
      for (const suffix of ["-wal", "-shm"]) rmSync(`${path()}${suffix}`, { force: true });
      writeFileSync(path(), "not a database".padEnd(8192, "!"));
      const outcome = await site.run(["audit", "list", "--outcome", "given"]);
      expect([outcome.code, outcome.stdout]).toEqual([3, ""]);
      expect(outcome.stderr).toBe(
        `${path()} is damaged; move it away, and the server makes a new one (what was refused and given before is lost with it)\n`,
      );
      renameSync(path(), `${path()}.damaged`);
      expect(await site.json("audit", "list", "--outcome", "given")).toEqual([]);
    });
  });
});
