// What a real registry holds: read, listed, shown, deleted; and its garbage collector frees what was said.
import { createHash } from "node:crypto";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { ledgerPathOf, openLedger as openFile } from "../../src/storage/sqlite/open-ledger.js";
import { SqliteLedgerStore } from "../../src/storage/sqlite/ledger-store.js";
import { openSkopeo, type Skopeo } from "../support/clients.js";
import { expectDone, expectFailed } from "../support/outcome.js";
import { waitUntil } from "../support/poll.js";
import { run } from "../support/process.js";
import { describeWith } from "../support/programs.js";
import { openSite, type Site } from "../support/site.js";
import { ADMIN_NAME, ADMIN_PASSWORD, type CliOutcome } from "../support/spawn-server.js";
import { fetchToken } from "../support/token-client.js";

interface Held {
  readonly image: string;
  readonly tags: number;
  readonly size: number;
  readonly entries: readonly string[];
}

interface Shown {
  readonly held: readonly [
    {
      readonly size: number;
      readonly tags: readonly { tag: string; digest: string; size: number }[];
    },
  ];
}

interface Deleted {
  readonly deleted: boolean;
  readonly frees: number;
  readonly repositories: readonly { tags: string[]; otherTags: string[]; digests: string[] }[];
}

const INDEX = "application/vnd.oci.image.index.v1+json";

describeWith(["skopeo", "docker-registry"], "what a registry holds", () => {
  let site: Site;
  let admin: Skopeo;

  const cli = (...args: string[]): Promise<CliOutcome> => site.server.cli(args);
  const json = async <T>(...args: string[]): Promise<T> =>
    (await site.server.mustCli([...args, "--json"])).json() as T;

  beforeAll(async () => {
    site = await openSite();
    admin = await openSkopeo(site.workspace, ADMIN_NAME);
    expectDone(await admin.login(site.registry.host, ADMIN_NAME, ADMIN_PASSWORD));
    await site.server.mustCli(["image", "register", "team/app", "--internal"]);
    const images = [
      ["team/app:v1", "one"],
      ["team/app:stable", "one"],
      ["team/app:v2", "two"],
      ["team/copy:v1", "one"],
      ["team/tool:v1", "three"],
      ["team/tool:v2", "four"],
    ] as const;
    for (const [name, content] of images) {
      expectDone(await admin.push(site.image(name), content.repeat(1000)));
    }
  }, 60_000);

  afterAll(() => site.close());

  /** Bytes of all blobs on the registry's disk. */
  async function countBytes(): Promise<number> {
    const folder = join(
      site.workspace.folder,
      "registry-registry/storage/docker/registry/v2/blobs",
    );
    const files = await readdir(folder, { recursive: true });
    const sizes = await Promise.all(
      files
        .filter((name) => name.endsWith("/data"))
        .map(async (name) => (await stat(join(folder, name))).size),
    );
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  /** Answers how many bytes went. */
  async function collectGarbage(): Promise<number> {
    const before = await countBytes();
    const config = join(site.workspace.folder, "registry-registry/config.yml");
    const env = { PATH: process.env["PATH"] ?? "" };
    expectDone(await run("docker-registry", ["garbage-collect", config], { env }));
    // The registry remembers blobs that are gone.
    await site.registry.restart();
    return before - (await countBytes());
  }

  async function pushIndex(repository: string, tag: string, digests: string[]): Promise<string> {
    const scope = `repository:${repository}:pull,push`;
    const { token } = await fetchToken(site.server, ADMIN_NAME, scope);
    const manifests = digests.map((digest, at) => ({
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      digest,
      size: 400,
      platform: { os: "linux", architecture: at === 0 ? "amd64" : "arm64" },
    }));
    const body = JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests });
    const url = `http://${site.registry.host}/v2/${repository}/manifests/${tag}`;
    const headers = { authorization: `Bearer ${token}`, "content-type": INDEX };
    const answer = await fetch(url, { method: "PUT", headers, body });
    expect(answer.status).toBe(201);
    return `sha256:${createHash("sha256").update(body).digest("hex")}`;
  }

  test("before anything is known the list says how to read the registry", async () => {
    const outcome = await cli("image", "list", "--held");
    expect(expectDone(outcome)).toContain("dockwarden image sync");
  });

  test("reads the registry while the server runs, and lists what it holds beside the entries", async () => {
    expect(expectDone(await cli("image", "sync"))).toContain(
      "registry: 3 repositories, 6 tags, 5 manifests read",
    );
    const held = await json<readonly Held[]>("image", "list", "--held", "--sort", "name");
    expect(held.map(({ image, tags, entries }) => [image, tags, entries])).toEqual([
      ["team/app", 3, ["team/app"]],
      ["team/copy", 1, []],
      ["team/tool", 2, []],
    ]);
    const [first] = await json<readonly Held[]>("image", "list", "--sort", "size");
    expect(first?.image).toBe("team/tool");
    expect(expectDone(await cli("image", "list"))).toContain("dockwarden image list --held");
  });

  test("shows tags with their digests and sizes, a layer that two tags share once", async () => {
    const { held } = await json<Shown>("image", "show", "team/app");
    const [{ size, tags }] = held;
    const [stable, v1, v2] = tags;
    expect(tags.map(({ tag }) => tag)).toEqual(["stable", "v1", "v2"]);
    expect(stable?.digest).toBe(v1?.digest);
    expect(size).toBe((v1?.size ?? 0) + (v2?.size ?? 0));
    const text = expectDone(await cli("image", "show", "team/app:v2"));
    expect(text).toContain(v2?.digest ?? "");
    expect(text).not.toContain(v1?.digest ?? "");
  });

  test("a tag whose manifest has another tag goes only where that is wanted, and frees what nobody else needs", async () => {
    const target = ["image", "delete", "team/app:v1"];
    const plan = await json<Deleted>(...target, "--dry-run");
    expect(plan.deleted).toBe(false);
    expect(plan.repositories[0]?.tags).toEqual(["stable", "v1"]);
    expect(plan.repositories[0]?.otherTags).toEqual(["stable"]);
    // team/copy holds the same image.
    expect(plan.frees).toBe(0);
    expectFailed(await cli(...target), "repeat with --yes");
    const done = await cli(...target, "--yes");
    expect(expectDone(done)).toContain("garbage-collect");
    const { held } = await json<Shown>("image", "show", "team/app");
    expect(held[0].tags.map(({ tag }) => tag)).toEqual(["v2"]);
    expectFailed(await admin.pull(site.image("team/app:stable")), "manifest unknown");
    expectDone(await admin.pull(site.image("team/copy:v1")));
    expect(await collectGarbage()).toBe(0);
  });

  test("the garbage collector frees what was said", async () => {
    const done = await json<Deleted>("image", "delete", "team/copy", "--yes");
    expect(done.deleted).toBe(true);
    expect(done.frees).toBeGreaterThan(0);
    expect(await collectGarbage()).toBe(done.frees);
  });

  test("a manifest that a tagged index names is kept; with the index its platforms go", async () => {
    const { held } = await json<Shown>("image", "show", "team/tool");
    const digests = held[0].tags.map(({ digest }) => digest);
    const index = await pushIndex("team/tool", "multi", digests);
    expectFailed(await cli("image", "delete", "team/tool:v1"), "team/tool:multi still names");
    expectFailed(
      await cli("image", "delete", `team/tool@${digests[0] ?? ""}`),
      "team/tool:multi still names",
    );
    const plan = await json<Deleted>("image", "delete", "team/tool:multi", "--dry-run");
    expect(plan.repositories[0]?.digests).toEqual([index]);
    const all = await json<Deleted>("image", "delete", "team/tool", "--yes");
    expect(new Set(all.repositories[0]?.digests)).toEqual(new Set([index, ...digests]));
    expect(await collectGarbage()).toBe(all.frees);
  });

  test("what nobody used goes, what somebody pulled stays, and nothing goes while pulls are unknown", async () => {
    for (const name of ["old", "used"]) {
      expectDone(await admin.push(site.image(`team/app:${name}`), name));
    }
    expectDone(await cli("image", "sync", "team/app"));
    const unused = ["image", "delete", "--unused"];
    expectFailed(await cli(...unused, "1h", "--yes"), "no pull is known at all");
    const now = Math.floor(Date.now() / 1000);
    const ledger = openLedger(site);
    const about = { service: "registry", repository: "team/app", account: "reader" } as const;
    const note = { ...about, digest: null };
    await ledger.notePulls([
      { ...note, tag: "used", method: "GET", at: now + 60 },
      { ...note, tag: "old", method: "GET", at: now - 1000 },
    ]);
    ledger.close();
    // Seen just now: used until now.
    const none = await json<Deleted>(...unused, "2h", "--dry-run");
    expect(none.repositories).toEqual([]);
    await waitForNextSecond();
    const since = new Date().toISOString().replace(/\.\d+Z$/, "Z");
    const plan = await json<Deleted>(...unused, since, "--dry-run");
    expect(plan.repositories[0]?.tags).toEqual(["old", "v2"]);
    const done = await json<Deleted>(...unused, since, "--yes");
    expect(done.deleted).toBe(true);
    const { held } = await json<Shown>("image", "show", "team/app");
    expect(held[0].tags.map(({ tag }) => tag)).toEqual(["used"]);
    expect(await collectGarbage()).toBe(done.frees);
  });

  test("deletes are on record", async () => {
    const text = expectDone(await cli("audit", "list", "--image", "team/copy"));
    expect(text).toContain("registry.delete");
    expect(text).toMatch(/registry: v1; 1 manifest\(s\): sha256:[0-9a-f]{64}/);
  });

  test("what the registry does not hold is no entry that goes: that verb is named", async () => {
    await site.server.mustCli(["image", "register", "team/none", "--internal"]);
    expectFailed(
      await cli("image", "delete", "team/none", "--yes"),
      "dockwarden image unregister team/none",
    );
    expectDone(await cli("image", "show", "team/none"));
  });

  test("a registry that is away is said to be", async () => {
    await site.registry.stop();
    const outcome = await cli("image", "sync");
    expectFailed(outcome, "ECONNREFUSED");
    expect(outcome.code).toBe(3);
  });
});

function openLedger({ server }: Site): SqliteLedgerStore {
  const opened = openFile({
    path: ledgerPathOf(server.env["DOCKWARDEN_STORAGE__PATH"] ?? ""),
    migrationsDirectory: "migrations/ledger",
    busyTimeoutMs: 5000,
    clock: { now: () => Math.floor(Date.now() / 1000) },
  });
  if (!opened.ok) throw new Error(opened.error.message);
  return new SqliteLedgerStore(opened.value, { countsPulls: "gate" });
}

/** Times are whole seconds. */
async function waitForNextSecond(): Promise<void> {
  const began = Math.floor(Date.now() / 1000);
  await waitUntil("the next second", async () => Math.floor(Date.now() / 1000) > began);
}
