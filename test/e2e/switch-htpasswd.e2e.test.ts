// docs/switching-htpasswd.md on a live registry, step by step, while people pull and push: nobody sees a failure, nobody logs in again.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import {
  openHtpasswdSite,
  openStoredDocker,
  openStoredPodman,
  openStoredSkopeo,
  type HtpasswdSite,
  type StoredSkopeo,
} from "../support/htpasswd-site.js";
import { expectDone, expectFailed } from "../support/outcome.js";
import { waitUntil } from "../support/poll.js";
import { describeWith } from "../support/programs.js";
import { startPullLoops, type PullLoops } from "../support/pull-loops.js";

/** Where the clients keep what they were given at their login before the switch. */
const LOGINS = [
  "skopeo-Alice/auth.json",
  "skopeo-bob/auth.json",
  "skopeo-ci-team/auth.json",
  "podman-Alice/auth.json",
  "docker-config-ci-team/config.json",
];

describeWith(
  ["nginx", "docker-registry", "skopeo", "podman", "docker", "dockerd", "htpasswd"],
  "the switch from htpasswd, with pulls running",
  () => {
    let site: HtpasswdSite;
    let loops: PullLoops;
    let people: { readonly alice: StoredSkopeo; bob: StoredSkopeo; ciTeam: StoredSkopeo };
    let stored: readonly string[];
    const told: string[] = [];

    const readLogins = () =>
      Promise.all(LOGINS.map((name) => readFile(join(site.workspace.folder, name), "utf8")));
    const challenge = async (): Promise<string> => {
      const answer = await fetch(`http://${site.host}/v2/`);
      await answer.arrayBuffer();
      return answer.headers.get("www-authenticate") ?? "";
    };

    beforeAll(async () => {
      site = await openHtpasswdSite();
      const image = `${site.host}/team/app:1`;
      people = {
        alice: await openStoredSkopeo(site, "Alice"),
        bob: await openStoredSkopeo(site, "bob"),
        ciTeam: await openStoredSkopeo(site, "ci-team"),
      };
      expectDone(await people.alice.push(image, 5));
      const pullers = [
        ...Object.entries(people).map(([name, one]) => ({ name, pull: () => one.pull(image) })),
        { name: "push", pull: () => people.bob.push(`${site.host}/team/pushed:latest`) },
        await openStoredPodman(site, "Alice", image),
        await openStoredDocker(site, "ci-team", image),
      ];
      stored = await readLogins();
      loops = startPullLoops(pullers, "before");
    }, 90_000);

    afterAll(async () => {
      // Where the beginning has failed there are none.
      await (loops as PullLoops | undefined)?.stop();
      await (site as HtpasswdSite | undefined)?.close();
    });

    test("before it everybody pulls and pushes with htpasswd", async () => {
      expectDone(await people.bob.push(`${site.host}/team/app:before`));
      await loops.waitForEach(1);
      expect(loops.failures()).toEqual([]);
    });

    test("the accounts come over, with everything that they may do", async () => {
      const words = ["import", "htpasswd", site.htpasswdFile, "--keep-access"];
      const plan = expectDone(await site.server.ask([...words, "--dry-run"]));
      expect(plan).toContain("+ user alice: view, pull, push; with its password");
      expect(plan).toContain("nothing was changed (--dry-run)");
      expect(plan).toContain("htpasswd:1: capitals don't count here: the account is alice");
      const began = performance.now();
      expect(expectDone(await site.server.cli(words))).toContain("4 new, 0 changed, 0 removed");
      told.push(`import of 3 users: ${Math.round(performance.now() - began)} ms`);
      expect(expectDone(await site.server.ask(words))).toContain("unchanged");
    });

    test("the doctor says what is wrong with the registry's new file before anything uses it", async () => {
      const doctor = (stdin: string) =>
        site.server.cli(["doctor", "--registry-config", "-"], { stdin });
      const old = await doctor(await readFile(site.files.htpasswd, "utf8"));
      expectFailed(old, "the registry's auth is htpasswd, not token");
      const text = await readFile(site.files.token, "utf8");
      const refused = await doctor(text.replace("issuer: dockwarden", "issuer: Dockwarden"));
      expectFailed(refused, 'auth.token.issuer is "Dockwarden", token.issuer is "dockwarden"');
      const good = expectDone(await doctor(text));
      told.push(refused.text, good);
      expect(good).toContain("nothing is wrong");
    });

    test("the switch itself is seen by nobody", async () => {
      await site.start("token");
      const running = ["--registry-config", site.files.token, "--registry", site.urls.token];
      told.push(expectDone(await site.server.ask(["doctor", ...running])));
      const underWay = loops.enter("switch");
      await site.door.switchTo("token");
      await waitUntil("the new challenge", async () => (await challenge()).startsWith("Bearer "));
      await loops.waitForEarlier();
      loops.enter("drain");
      await loops.waitForEarlier();
      // Nobody comes to the old one any more: it can go.
      const asked = site.old.log().length;
      await loops.waitForEach(1);
      expect(site.old.log().length).toBe(asked);
      await site.old.stop();
      loops.enter("after");
      await loops.waitForEach(2);
      told.push(`pulls and pushes under way at the moment of the switch: ${underWay}`);
      expect(underWay).toBeGreaterThan(1);
      expect(loops.failures()).toEqual([]);
    });

    test("afterwards everybody pushes as before, and an image can be narrowed to some", async () => {
      const { bob, ciTeam } = people;
      const secret = `${site.host}/team/secret:1`;
      expectDone(await bob.push(`${site.host}/team/app:after`));
      expectDone(await ciTeam.push(secret));
      await site.server.mustCli(["image", "register", "team/secret", "--users", "bob"]);
      expectDone(await bob.pull(secret));
      expectDone(await bob.push(secret));
      const denied = "denied: requested access to the resource is denied";
      const pushed = await ciTeam.push(secret);
      expectFailed(pushed, denied);
      expectFailed(await ciTeam.pull(secret), denied);
      told.push(pushed.stderr);
    });

    test("the two lines that go back are seen by nobody either", async () => {
      await site.start("htpasswd");
      const underWay = loops.enter("back");
      await site.door.switchTo("htpasswd");
      await waitUntil("htpasswd", async () => (await challenge()) === 'Basic realm="Registry"');
      await loops.waitForEarlier();
      await loops.waitForEach(1);
      loops.enter("to and fro");
      for (const way of ["token", "htpasswd", "token", "htpasswd", "token", "htpasswd"] as const) {
        await site.door.switchTo(way);
        const scheme = way === "token" ? "Bearer " : "Basic ";
        await waitUntil(way, async () => (await challenge()).startsWith(scheme));
      }
      await loops.waitForEach(1);
      // What held for some holds for nobody again.
      expectDone(await people.ciTeam.push(`${site.host}/team/secret:2`));
      await loops.stop();
      told.push(`pulls and pushes under way at the moment of going back: ${underWay}`);
      expect(loops.failures()).toEqual([]);
      expect(await readLogins()).toEqual(stored);
    });

    test("a thousand users come over as well", async () => {
      const hash = (await readFile(site.htpasswdFile, "utf8")).split(/[:\n]/)[1] ?? "";
      const file = join(site.workspace.folder, "many");
      const lines = Array.from({ length: 1000 }, (_, index) => `user-${index}:${hash}\n`);
      await writeFile(file, lines.join(""));
      const began = performance.now();
      const outcome = await site.server.cli(["import", "htpasswd", file, "--keep-access"]);
      told.push(`import of 1,000 users: ${Math.round(performance.now() - began)} ms`);
      expect(expectDone(outcome)).toContain("1000 new, 0 changed, 0 removed");
      // For the guide, whose times come from here.
      for (const [phase, { runs, failed }] of loops.counts()) {
        told.push(`${phase}: ${runs} pulls and pushes, ${failed} failed`);
      }
      console.log(told.join("\n"));
    });
  },
);
