// `access test`: rules tried like unit tests; a diff where they are not so, every fault of the file at once.
import { truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { addCliUser, openCliSite, type CliSite } from "../support/cli-site.js";

describe("access test", () => {
  let site: CliSite;
  const tried = (text: string | Buffer, ...more: string[]) =>
    site.run(["access", "test", "-", ...more], text);

  beforeAll(async () => {
    site = await openCliSite("token: { services: [registry, second] }\n");
    await addCliUser(site, "developer", "view,pull,push");
    await addCliUser(site, "reader", "pull");
    await addCliUser(site, "leaver", "pull");
    await site.must("image", "register", "app", "--users", "developer,reader,leaver");
    await site.must("image", "register", "base", "--public", "--service", "second");
    await site.must("user", "disable", "leaver");
  });

  afterAll(() => site.close());

  test("is quiet and exits 0 where every line is so", async () => {
    const file = join(site.workspace.folder, "rights.txt");
    const lines = [
      "# who may do what",
      "developer can pull,push app   # both",
      "reader\tcan pull app",
      "",
      "reader cannot push,delete app on second",
      "@anonymous can pull base on second",
      "@anonymous cannot pull base",
      "leaver cannot pull app",
      "admin can delete localhost:5001/anything:v1",
    ];
    await writeFile(file, lines.join("\r\n"));
    const outcome = await site.run(["access", "test", file]);
    expect(outcome).toMatchObject({ code: 0, stdout: "7 of 7 lines are so\n", stderr: "" });
  });

  test("shows what is not so as a diff with the reasons, and exits 1", async () => {
    const outcome = await tried("reader can pull app\nreader can pull,push app\n");
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toBe("");
    expect(outcome.stdout.split("\n")).toEqual([
      "line 2",
      "- reader can pull,push app",
      "+ reader may do pull with app on registry",
      "    app grants pull, push, delete to reader",
      "    push, delete granted, but cut: the account's permissions are pull",
      "1 of 2 lines are so",
      "",
    ]);
    const json = await tried("reader cannot pull,push app\nleaver can pull app\n", "--json");
    expect(json.code).toBe(1);
    expect(JSON.parse(json.stdout)).toMatchObject({
      passed: 0,
      failed: 2,
      lines: [
        { line: 1, passed: false, actions: ["pull"] },
        { line: 2, passed: false, actions: [], reasons: [expect.stringContaining("disabled")] },
      ],
    });
  });

  test("reports every fault of the file with its line, tries nothing, and exits 2", async () => {
    const outcome = await tried(
      [
        "reader can pull app",
        "reader may pull app",
        "nosuch can pull app",
        "reader can fly app",
        "reader can pull, push app",
        "group:ml can pull app",
        "reader can pull app on nosuch",
        "reader can pull team/**",
        "reader can pull other.example:5000/app",
        "@everybody can pull app",
        "reader can pull",
      ].join("\n"),
    );
    expect(outcome).toMatchObject({ code: 2, stdout: "" });
    const faults = outcome.stderr.trimEnd().split("\n");
    expect(faults.map((line) => /^standard input:(\d+): /.exec(line)?.[1])).toEqual([
      "2",
      "3",
      "4",
      "5",
      "6",
      "7",
      "8",
      "9",
      "10",
      "11",
    ]);
    expect(faults[1]).toContain("there is no account nosuch");
    expect(faults[2]).toContain('"fly" is no action');
  });

  test("takes no file without a line for a passed test", async () => {
    for (const text of ["", "# nothing\n\n"]) {
      expect(await tried(text)).toMatchObject({ code: 2, stdout: "" });
    }
  });

  test("refuses what it can't read with one line", async () => {
    const missing = await site.run(["access", "test", join(site.workspace.folder, "nosuch")]);
    expect(missing).toMatchObject({ code: 2, stdout: "" });
    expect(missing.stderr).toMatch(/can't be read \(ENOENT\)/);
    for (const endless of ["/dev/zero", site.workspace.folder]) {
      const outcome = await site.run(["access", "test", endless]);
      expect(outcome).toMatchObject({ code: 2, stdout: "" });
      expect(outcome.stderr).toBe(
        `${endless} is not a regular file; name a file, or give lines to -\n`,
      );
    }
    const long = join(site.workspace.folder, "long");
    await writeFile(long, "");
    await truncate(long, 10_000_001);
    for (const outcome of [
      await site.run(["access", "test", long]),
      await tried(Buffer.alloc(10_000_001, "#")),
    ]) {
      expect(outcome).toMatchObject({ code: 2, stderr: expect.stringContaining("10 MB") });
    }
    expect(await tried(Buffer.from([0xff, 0xfe]))).toMatchObject({ code: 2, stdout: "" });
    const marked = await tried("\ufeffreader can pull app\n");
    expect(marked).toMatchObject({ code: 0 });
  });
});
