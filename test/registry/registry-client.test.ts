// Asking a registry: what is read out of its answers, and what is said where they are none.
import { createHash } from "node:crypto";
import { afterEach, expect, test } from "@jest/globals";
import { sendError, sendJson, startFakeRegistry, type FakeRegistry } from "./fake-registry.js";

let fake: FakeRegistry;

afterEach(() => fake.close());

const hash = (text: string): string => `sha256:${createHash("sha256").update(text).digest("hex")}`;
const LAYER = hash("layer");
const CONFIG = hash("config");

const MANIFEST = JSON.stringify({
  schemaVersion: 2,
  mediaType: "application/vnd.docker.distribution.manifest.v2+json",
  config: { mediaType: "application/vnd.docker.container.image.v1+json", size: 6, digest: CONFIG },
  layers: [
    { mediaType: "application/vnd.docker.image.rootfs.diff.tar.gzip", size: 5, digest: LAYER },
    { mediaType: "application/vnd.docker.image.rootfs.diff.tar.gzip", size: 5, digest: LAYER },
  ],
});

test("asks with a token of a minute for exactly what is asked, and uses it again", async () => {
  const time = { now: 1_800_000_000 };
  fake = await startFakeRegistry(
    (request, response) => {
      expect(request.headers.authorization).toMatch(/^Bearer token-\d$/);
      sendJson(response, 200, { name: "team/app", tags: ["v1", "v2"] });
    },
    { time },
  );
  expect(await fake.client.listTags("registry", "team/app")).toEqual({
    ok: true,
    value: ["v1", "v2"],
  });
  await fake.client.listTags("registry", "team/app");
  expect(fake.claims).toEqual([
    {
      issuer: "dockwarden",
      subject: "@dockwarden",
      audience: "registry",
      issuedAt: 1_800_000_000,
      notBefore: 1_799_999_990,
      expiresAt: 1_800_000_060,
      tokenId: "id",
      access: [{ type: "repository", name: "team/app", actions: ["pull"] }],
      holder: null,
    },
  ]);
  time.now += 30;
  await fake.client.listTags("registry", "team/app");
  expect(fake.claims).toHaveLength(2);
  expect(fake.connections.count).toBe(1);
});

test("reads pages of tags, taking nothing but the last name from a link", async () => {
  fake = await startFakeRegistry((request, response) => {
    const last = new URL(request.url ?? "", "http://x").searchParams.get("last");
    const link = { link: '<http://elsewhere.example/v2/x?last=b&n=2>; rel="next"' };
    if (last === null) sendJson(response, 200, { tags: ["a", "b", "not a tag"] }, link);
    else sendJson(response, 200, { tags: ["c"] });
  });
  expect(await fake.client.listTags("registry", "app")).toEqual({
    ok: true,
    value: ["a", "b", "c"],
  });
  expect(fake.asked).toEqual([
    "GET /v2/app/tags/list?n=1000",
    "GET /v2/app/tags/list?n=1000&last=b",
  ]);
});

test("a link that leads back where it came from ends the list", async () => {
  fake = await startFakeRegistry((_request, response) => {
    sendJson(response, 200, { tags: ["a"] }, { link: '</v2/app/tags/list?last=a>; rel="next"' });
  });
  expect(await fake.client.listTags("registry", "app")).toEqual({ ok: true, value: ["a"] });
});

test("a repository whose tags are all deleted has none, one that never was is null", async () => {
  fake = await startFakeRegistry((request, response) => {
    if (request.url?.includes("/app/") === true) sendJson(response, 200, { tags: null });
    else sendError(response, 404, "NAME_UNKNOWN");
  });
  expect(await fake.client.listTags("registry", "app")).toEqual({ ok: true, value: [] });
  expect(await fake.client.listTags("registry", "other")).toEqual({ ok: true, value: null });
});

test("a 404 that is not a registry's own is a fault: a wrong address must not empty the ledger", async () => {
  fake = await startFakeRegistry((_request, response) => {
    response.writeHead(404, { "content-type": "text/html" }).end("<html>not here</html>");
  });
  for (const answer of [
    await fake.client.listTags("registry", "app"),
    await fake.client.findDigest("registry", "app", "v1"),
    await fake.client.readManifest("registry", "app", { digest: LAYER, withCreated: false }),
    await fake.client.deleteManifest("registry", "app", LAYER),
  ]) {
    expect(answer).toMatchObject({ ok: false, error: { reason: "foreign" } });
  }
});

test("something else than a list is a web server's answer", async () => {
  fake = await startFakeRegistry((_request, response) => response.end("<html>welcome</html>"));
  const page = { last: null, count: 10 };
  for (const answer of [
    await fake.client.listTags("registry", "app"),
    await fake.client.listRepositories("registry", page),
  ]) {
    expect(answer).toMatchObject({ ok: false, error: { reason: "foreign" } });
  }
});

test("finds the digest of a tag, and null where there is no such tag", async () => {
  fake = await startFakeRegistry((request, response) => {
    if (request.url?.endsWith("/v1") === true) {
      response.writeHead(200, { "docker-content-digest": LAYER }).end();
    } else if (request.method === "HEAD") response.writeHead(404).end();
    else sendError(response, 404, "MANIFEST_UNKNOWN");
  });
  expect(await fake.client.findDigest("registry", "app", "v1")).toEqual({ ok: true, value: LAYER });
  expect(await fake.client.findDigest("registry", "app", "v2")).toEqual({ ok: true, value: null });
});

test("reads a manifest with its references once each, and when the image was made", async () => {
  const created = "2026-01-02T03:04:05.678Z";
  fake = await startFakeRegistry((request, response) => {
    if (request.url?.includes("/blobs/") === true) sendJson(response, 200, { created });
    else {
      response.writeHead(200, {
        "content-type": "application/vnd.docker.distribution.manifest.v2+json",
      });
      response.end(MANIFEST);
    }
  });
  const query = { digest: hash(MANIFEST), withCreated: true };
  expect(await fake.client.readManifest("registry", "app", query)).toEqual({
    ok: true,
    value: {
      digest: hash(MANIFEST),
      mediaType: "application/vnd.docker.distribution.manifest.v2+json",
      size: MANIFEST.length,
      created,
      references: [
        {
          digest: CONFIG,
          mediaType: "application/vnd.docker.container.image.v1+json",
          size: 6,
        },
        {
          digest: LAYER,
          mediaType: "application/vnd.docker.image.rootfs.diff.tar.gzip",
          size: 5,
        },
      ],
    },
  });
});

test("a configuration that lies elsewhere is not followed: when the image was made stays unknown", async () => {
  fake = await startFakeRegistry((request, response) => {
    if (request.url?.includes("/blobs/") === true) {
      response.writeHead(307, { location: `${fake.origin}/elsewhere` }).end();
    } else response.end(MANIFEST);
  });
  const query = { digest: hash(MANIFEST), withCreated: true };
  expect(await fake.client.readManifest("registry", "app", query)).toMatchObject({
    ok: true,
    value: { created: null },
  });
  expect(fake.asked).not.toContain("GET /elsewhere");
});

test("another manifest than the one asked for is refused", async () => {
  fake = await startFakeRegistry((_request, response) => response.end(MANIFEST));
  const query = { digest: hash("another"), withCreated: false };
  const answer = await fake.client.readManifest("registry", "app", query);
  expect(answer).toMatchObject({ ok: false, error: { reason: "refused" } });
});

test("an index names its manifests, and has no time of its own", async () => {
  const index = JSON.stringify({
    schemaVersion: 2,
    manifests: [
      { mediaType: "application/vnd.oci.image.manifest.v1+json", size: 7, digest: LAYER },
    ],
  });
  fake = await startFakeRegistry((_request, response) => response.end(index));
  const query = { digest: hash(index), withCreated: true };
  expect(await fake.client.readManifest("registry", "app", query)).toMatchObject({
    ok: true,
    value: {
      mediaType: "application/vnd.oci.image.index.v1+json",
      references: [{ digest: LAYER, size: 7 }],
      created: null,
    },
  });
});

test.each([
  "[]",
  "{}",
  "nonsense",
  '{"layers":7}',
  '{"layers":[{"digest":"x"}]}',
  '{"layers":[7]}',
])("takes %s for no manifest", async (body) => {
  fake = await startFakeRegistry((_request, response) => response.end(body));
  const query = { digest: hash(body), withCreated: false };
  const answer = await fake.client.readManifest("registry", "app", query);
  expect(answer).toMatchObject({ ok: false, error: { reason: "refused" } });
});

test.each([
  [401, "dockwarden doctor --registry"],
  [405, "storage.delete.enabled: true"],
  [503, "look at the registry's log"],
  [302, "redirects aren't followed"],
])("says what to do about %i", async (status, words) => {
  fake = await startFakeRegistry((_request, response) => {
    response.writeHead(status, { location: "/elsewhere" }).end();
  });
  const answer = await fake.client.deleteManifest("registry", "app", LAYER);
  expect(answer).toMatchObject({ ok: false, error: { reason: "refused" } });
  expect(JSON.stringify(answer)).toContain(words);
  expect(JSON.stringify(answer)).not.toContain("token-1");
  expect(fake.asked).toHaveLength(1);
});

test("F14: an answer without end is cut off", async () => {
  fake = await startFakeRegistry((_request, response) => {
    const piece = "x".repeat(65_536);
    const write = (): void => {
      while (!response.destroyed && response.write(piece));
      response.once("drain", write);
    };
    write();
  });
  const answer = await fake.client.listTags("registry", "app");
  expect(answer).toMatchObject({ ok: false, error: { reason: "too-large" } });
});

test("F14: a registry that says nothing is given up", async () => {
  fake = await startFakeRegistry(() => undefined, { milliseconds: 200 });
  const answer = await fake.client.listTags("registry", "app");
  expect(answer).toMatchObject({ ok: false, error: { reason: "unreachable" } });
});

test("a service without an address is a fault that names the setting", async () => {
  fake = await startFakeRegistry(() => undefined);
  expect(fake.client.knows("other")).toBe(false);
  const answer = await fake.client.listTags("other", "app");
  expect(answer).toMatchObject({ ok: false, error: { reason: "unknown-address" } });
  expect(JSON.stringify(answer)).toContain("DOCKWARDEN_REGISTRY__URLS");
});
