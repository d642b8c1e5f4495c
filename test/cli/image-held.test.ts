// What commands say of what a registry holds: unused tags in JSON, deleted repositories, entries on tags alone.
import { join } from "node:path";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { ledgerPathOf } from "../../src/storage/sqlite/open-ledger.js";
import { openCliSite, type CliSite } from "../support/cli-site.js";
import { deleted, imageOf, NOW, openLedger, PLACE, pushed } from "../support/ledger-site.js";

/** Long ago, by the clock of who runs this. */
const AGO = -100_000_000;

let site: CliSite;
let server: Server;

/** A registry that has the one repository `empty`, without tags. */
beforeAll(async () => {
  server = createServer((request, response) => {
    response.setHeader("content-type", "application/json");
    const isThere = request.url?.includes("/empty/") === true;
    response.writeHead(isThere ? 200 : 404);
    response.end(JSON.stringify(isThere ? { tags: [] } : { errors: [{ code: "NAME_UNKNOWN" }] }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  site = await openCliSite(
    [
      "policy: { tagEnforcement: gate }",
      "token: { services: [registry, second] }",
      `registry: { urls: ["registry=http://127.0.0.1:${port}"] }`,
      "",
    ].join("\n"),
  );
  const path = ledgerPathOf(join(site.workspace.folder, "data", "dockwarden.db"));
  const { store } = openLedger({ countsPulls: "gate" }, path);
  const move = (event: ReturnType<typeof pushed>, repository: string) => ({
    ...event,
    act: { ...event.act, repository },
  });
  await store.apply(
    [
      pushed(AGO, "v1", imageOf("a", ["x"])),
      pushed(AGO + 10, "v2", imageOf("b", ["x"])),
      move(pushed(AGO, "v1", imageOf("c")), "gone"),
      move(deleted(AGO + 20, "c"), "gone"),
    ],
    NOW + AGO + 20,
  );
  const note = { ...PLACE, digest: null, method: "GET", account: "bob" } as const;
  await store.notePulls([
    { ...note, tag: "v2", at: NOW + AGO + 100 },
    { ...note, tag: "v1", at: Math.floor(Date.now() / 1000) },
  ]);
  store.close();
  await site.must("image", "register", "team/app:v2", "--internal", "--immutable");
});
afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  await site.close();
});

test("a repository of which everything was deleted is not listed, and shown as such", async () => {
  const listed = (await site.json("image", "list", "--held")) as { image: string }[];
  expect(listed.map(({ image }) => image)).toEqual(["team/app"]);
  expect((await site.run(["image", "list"])).stderr).toContain("the registry holds 1 repository:");
  expect(await site.must("image", "show", "gone")).toContain("\neverything was deleted\n");
});

test("an image without an entry of its own names those on its tags", async () => {
  expect(await site.must("image", "show", "team/app")).toMatch(/on its tags +team\/app:v2/);
  expect(await site.json("image", "show", "team/app")).toMatchObject({
    entry: null,
    tagEntries: ["team/app:v2"],
  });
  await site.must("image", "register", "far/app:v1", "--internal");
  const { code, stderr } = await site.run(["image", "show", "far/app"]);
  expect(code).toBe(1);
  expect(stderr).toContain("there is no entry far/app; there is far/app:v1; see");
});

test("immutable where the registry has no address: every push is refused, and that is said", async () => {
  const words = ["image", "register", "rel", "--internal", "--immutable", "--service"];
  expect(await site.must(...words, "second")).toContain(
    "registry.urls names no address for second, so whether a tag exists there can't be checked: every push",
  );
  expect(await site.must(...words, "registry")).not.toContain("registry.urls");
});

test("a name that the registry does not hold is said once and plainly", async () => {
  const { code, stderr } = await site.run(["image", "delete", "empty", "--service", "registry"]);
  expect(code).toBe(1);
  expect(stderr).toContain("registry holds no repository empty; nothing was deleted");
});

test("what is kept, and since when pulls are known, is in the JSON", async () => {
  const ask = async (time: string): Promise<unknown> => {
    const words = ["image", "delete", "--unused", time, "--service", "registry", "--dry-run"];
    const { code, stdout, stderr } = await site.run([...words, "--json"]);
    expect(stderr).toBe("");
    expect(code).toBe(0);
    expect((await site.run(words)).stdout).toBe("nothing to delete\n");
    return JSON.parse(stdout);
  };
  const none = { deleted: false, repositories: [] };
  expect(await ask("1d")).toMatchObject({
    ...none,
    kept: [{ repository: "team/app", tag: "v2", reason: "it is immutable" }],
    beginsAt: "2023-11-14T22:15:00Z",
    note: null,
  });
  expect(await ask("2020-01-01")).toMatchObject({
    ...none,
    kept: [],
    note: expect.stringContaining("no pull is known from before"),
  });
});
