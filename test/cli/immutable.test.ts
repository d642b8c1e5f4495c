// Images whose tags can be made once, by command line and library: with the gate, and what is said without one.
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { openDockwarden, orThrow } from "../../src/library.js";
import { addCliUser, openCliSite, type CliSite } from "../support/cli-site.js";

const MEANING =
  "immutable: its tags can't be overwritten or deleted, by admins neither; take it off with dockwarden image update";

describe("with the gate", () => {
  let site: CliSite;

  beforeAll(async () => {
    site = await openCliSite("policy: { tagEnforcement: gate }\n");
    await addCliUser(site, "developer", "view,pull,push,delete");
  });
  afterAll(() => site.close());

  const show = async (image: string): Promise<unknown> => site.json("image", "show", image);

  test("an image is registered immutable, says what that means, and is shown so", async () => {
    const told = await site.must("image", "register", "rel", "--users", "developer", "--immutable");
    expect(told).toContain(`${MEANING} rel --no-immutable`);
    expect(await show("rel")).toMatchObject({ immutable: true, exclusive: true });
    expect(await site.must("image", "show", "rel")).toContain(`${MEANING} rel --no-immutable`);
    expect(await site.must("image", "list")).toMatch(/rel +all +exclusive, immutable/);
  });

  test.each(["team/app:v*", "prod/**", "*/base", "**:release"])(
    "a pattern can be: %s",
    async (image) => {
      const told = await site.must("image", "register", image, "--internal", "--immutable");
      expect(told).toContain(`${MEANING} "${image}" --no-immutable`);
      expect(await show(image)).toMatchObject({ immutable: true, exclusive: false });
      await site.must("image", "unregister", image, "--yes");
    },
  );

  test("the same again is unchanged; without --immutable it is another registration", async () => {
    const words = ["image", "register", "same", "--internal"];
    await site.must(...words, "--immutable");
    expect(await site.must(...words, "--immutable")).toContain("unchanged");
    const { code, stderr } = await site.run(words);
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /registered already \(immutable; .*image update same --internal --no-immutable/,
    );
    await site.must("image", "register", "plain", "--internal");
    const other = await site.run(["image", "register", "plain", "--internal", "--immutable"]);
    expect(other.code).toBe(1);
    expect(other.stderr).toContain("dockwarden image update plain --internal --immutable");
  });

  test("an update changes it and nothing else, and the audit log has both sides", async () => {
    await site.must("image", "register", "tools", "--users", "developer");
    expect(await site.must("image", "update", "tools", "--immutable")).toContain(MEANING);
    expect(await show("tools")).toMatchObject({ immutable: true, exclusive: true });
    await site.must("image", "update", "tools", "--description", "kept");
    expect(await show("tools")).toMatchObject({ immutable: true, description: "kept" });
    const told = await site.must("image", "update", "tools", "--no-immutable");
    expect(told).toContain("before: exclusive, immutable, ");
    expect(told).toContain(
      "it was immutable: tags that it names can be overwritten and deleted now",
    );
    expect(await show("tools")).toMatchObject({ immutable: false, exclusive: true });
    const log = await site.must("audit", "list", "--image", "tools");
    expect(log).toContain("immutable: false → true");
    expect(log).toContain("immutable: true → false");
  });

  test("with --service the way out names it", async () => {
    const words = ["image", "register", "bound", "--internal", "--immutable"];
    const told = await site.must(...words, "--service", "registry");
    expect(told).toContain("image update bound --no-immutable --service registry");
  });

  test("removing the entry says that its tags are free again", async () => {
    await site.must("image", "register", "gone", "--internal", "--immutable");
    expect(await site.must("image", "unregister", "gone", "--yes")).toContain("it was immutable");
  });

  test("a push is allowed, with the reason why it may be refused; a delete is not, for admins neither", async () => {
    await site.must("image", "register", "fix:v*", "--users", "developer", "--immutable");
    const push = await site.run(["access", "check", "developer", "fix:v1", "--action", "push"]);
    expect([push.code, push.stdout]).toEqual([
      0,
      expect.stringContaining("fix:v* is immutable: an existing tag can't be pushed again"),
    ]);
    const other = await site.run(["access", "check", "admin", "fix:dev", "--action", "delete"]);
    expect([other.code, other.stdout]).toEqual([0, expect.not.stringContaining("immutable")]);
    for (const subject of ["developer", "admin"]) {
      const { code, stdout } = await site.run([
        "access",
        "check",
        subject,
        "fix:v1",
        "--action",
        "delete",
      ]);
      expect(code).toBe(1);
      expect(stdout).toContain("fix:v* is immutable: its tags can't be deleted, by admins neither");
      expect(stdout).toContain('to change that: dockwarden image update "fix:v*" --no-immutable');
    }
    const pull = await site.must("access", "check", "developer", "fix:v1");
    expect(pull).not.toContain("immutable");
  });

  test("a program can register one, too", async () => {
    const dockwarden = orThrow(await openDockwarden({ configFile: site.configFile }));
    try {
      const image = { image: "by/program", audience: "internal", isImmutable: true } as const;
      const { effects } = orThrow(await dockwarden.registerImage(image));
      expect(effects.join("\n")).toContain(MEANING);
      const wrong = await dockwarden.registerImage({ ...image, isImmutable: "yes" as never });
      expect(wrong).toMatchObject({
        ok: false,
        error: { message: "isImmutable: must be true or false" },
      });
    } finally {
      await dockwarden.close();
    }
  });
});

describe("without a gate", () => {
  let site: CliSite;

  beforeAll(async () => {
    site = await openCliSite();
  });
  afterAll(() => site.close());

  test("it is refused with the ways on, and nothing changes", async () => {
    await site.must("image", "register", "app", "--internal");
    const before = await site.dump();
    for (const verb of ["register", "update"]) {
      const name = verb === "register" ? "new" : "app";
      const { code, stderr } = await site.run(["image", verb, name, "--internal", "--immutable"]);
      expect(code).toBe(1);
      expect(stderr).toMatch(/can't be made immutable: .*tagEnforcement: off.*gate.*--anyway/);
    }
    expect(await site.dump()).toBe(before);
  });

  test("--anyway keeps it, saying that nothing holds to it; it can always be taken off", async () => {
    const told = await site.must("image", "update", "app", "--immutable", "--anyway");
    expect(told).toContain("immutable, but without a gate nothing keeps its tags");
    expect(await site.must("access", "check", "admin", "app", "--action", "delete")).not.toContain(
      "immutable",
    );
    await site.must("image", "update", "app", "--no-immutable");
    expect(await site.json("image", "show", "app")).toMatchObject({ immutable: false });
  });
});
