// `access check --ref` of requests for several actions: all of them are asked again, and the advice gives them all.
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { from, REFUSED, writeActivity } from "../support/activity-site.js";
import { addCliUser, openCliSite, type CliSite } from "../support/cli-site.js";

const NOW = Math.floor(Date.now() / 1000);

/** Images that were pushed to in vain, and what of `pull,push` was given. */
const PUSHES = { "lab/none": "", "lab/half": "pull", "lab/walled": "" } as const;

interface Answer {
  readonly now: { readonly allowed: boolean; readonly command: string | null };
}

describe("access check --ref of a push", () => {
  let site: CliSite;

  beforeAll(async () => {
    site = await openCliSite();
    await addCliUser(site, "alice", "view,pull");
    await site.must("image", "register", "lab/half", "--users", "alice", "--actions", "pull");
    await site.must("image", "register", "lab/walled", "--users", "admin");
    const path = join(site.workspace.folder, "data", "dockwarden-activity.db");
    await writeActivity(path, NOW, (sums) => {
      for (const [image, given] of Object.entries(PUSHES)) {
        sums.refused({ ...REFUSED, image, given, path: () => "" }, from("192.0.2.1"), NOW);
      }
      const anonymous = { ...REFUSED, tried: "", credential: "", given: "", path: () => "" };
      sums.refused({ ...anonymous, isStranger: true }, from("192.0.2.1"), NOW);
    });
  });

  afterAll(() => site.close());

  async function referenceOf(image: string): Promise<string> {
    const words = ["audit", "list", "--outcome", "refused", "--image", image];
    const [entry] = (await site.json(...words)) as readonly { readonly reference: string }[];
    return entry?.reference ?? "";
  }

  async function check(reference: string): Promise<Answer & { readonly code: number }> {
    const { code, stdout } = await site.run(["access", "check", "--ref", reference, "--json"]);
    return { code, ...(JSON.parse(stdout) as Answer) };
  }

  test.each(Object.keys(PUSHES))("the command that it prints mends it: %s", async (image) => {
    const reference = await referenceOf(image);
    const refused = await check(reference);
    expect(refused).toMatchObject({ code: 1, now: { allowed: false, asked: ["pull", "push"] } });
    expect(refused.now.command).toContain(
      `dockwarden access grant ${image} alice --actions pull,push`,
    );
    for (const line of refused.now.command?.split(" && ") ?? []) {
      await site.must(...line.split(" ").slice(1));
    }
    expect(await check(reference)).toMatchObject({ code: 0, now: { allowed: true } });
    const shown = await site.must("access", "check", "--ref", reference);
    expect(shown).toContain(`now:\n  yes: alice may pull and push ${image} on registry\n`);
    await site.must("user", "update", "alice", "--permissions", "view,pull");
  });

  test("a pull alone is not yet a push", async () => {
    const reference = await referenceOf("lab/none");
    await site.must("user", "update", "alice", "--permissions", "view,pull,push");
    const grant = ["access", "grant", "lab/none", "alice", "--service", "registry", "--actions"];
    await site.must(...grant, "pull");
    expect(await check(reference)).toMatchObject({
      code: 1,
      now: {
        allowed: false,
        actions: ["pull"],
        command: "dockwarden access grant lab/none alice --actions pull,push --service registry",
      },
    });
  });

  test("nothing lets somebody push who did not sign in", async () => {
    const reference = await referenceOf("team/app");
    await site.must("image", "register", "team/app", "--public");
    expect(await check(reference)).toMatchObject({
      code: 1,
      now: { allowed: false, actions: ["pull"], command: null },
    });
  });
});
