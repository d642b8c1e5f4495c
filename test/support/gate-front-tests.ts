// What every proxy with the gate must do, to real clients and a real registry; run against each example of examples/gate.
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { writeOciLayout } from "../../src/demo/tiny-image.js";
import { openSkopeo, type Skopeo } from "./clients.js";
import { openGateSite, type GateSite, type GateSiteOptions } from "./gate-door.js";
import { expectDone, expectFailed } from "./outcome.js";
import { waitUntil } from "./poll.js";
import { run } from "./process.js";
import { addUser, ADMIN_NAME, passwordOf } from "./spawn-server.js";

interface Answer {
  readonly status: number;
  /** Lower-case names; a header that came twice stands here twice. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: string;
}

/** Defines the tests; the caller is the `describe`. */
export function testGateFront(options: GateSiteOptions): void {
  let site: GateSite;
  let admin: Skopeo;
  let reader: Skopeo;

  async function signedIn(name: string): Promise<Skopeo> {
    const person = await openSkopeo(site.workspace, name);
    expectDone(await person.login(site.door.host, name, passwordOf(name)));
    return person;
  }

  async function ask(path: string, ...args: readonly string[]): Promise<Answer> {
    const accept = "Accept: application/vnd.oci.image.manifest.v1+json";
    const url = `${site.door.url}${path}`;
    const words = ["-sS", "--include", "--path-as-is", "-H", accept, ...args, url];
    const env = { PATH: process.env["PATH"] ?? "" };
    const [head = "", ...rest] = expectDone(await run("curl", words, { env })).split("\r\n\r\n");
    const [first = "", ...lines] = head.split("\r\n");
    const headers = lines.map((line) => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const;
    });
    return { status: Number(first.split(" ")[1]), headers, body: rest.join("\r\n\r\n") };
  }

  async function tokenOf(name: string): Promise<string> {
    const scope = "repository:telechat:pull,push";
    const url = `${site.door.url}/token?service=registry&scope=${encodeURIComponent(scope)}`;
    const basic = Buffer.from(`${name}:${passwordOf(name)}`).toString("base64");
    const answer = await fetch(url, { headers: { Authorization: `Basic ${basic}` } });
    return ((await answer.json()) as { readonly token: string }).token;
  }

  beforeAll(async () => {
    site = await openGateSite(options);
    await addUser(site.server, "reader", "view,pull");
    await site.server.mustCli(["image", "register", "telechat:7b-fp16", "--users", "reader"]);
    await site.server.mustCli(["image", "register", "telechat:12b-fp16", "--users", "admin"]);
    admin = await signedIn(ADMIN_NAME);
    reader = await signedIn("reader");
    for (const tag of ["7b-fp16", "12b-fp16"]) {
      expectDone(await admin.push(site.image(`telechat:${tag}`), tag));
    }
  }, 60_000);

  afterAll(() => site.close());

  test("an allowed tag is pulled; of another one the person reads why it is denied", async () => {
    expectDone(await reader.pull(site.image("telechat:7b-fp16")));
    const denied = await reader.pull(site.image("telechat:12b-fp16"));
    expectFailed(denied, "denied: ");
    expect(denied.text).toContain("reader");
    expect(denied.text).not.toMatch(/<html|invalid character/);
    expectFailed(await reader.push(site.image("telechat:7b-fp16"), "other"), "denied");
  });

  test("no token is the registry's own challenge, a bad one the gate's, each once and in JSON", async () => {
    for (const [line, error] of [
      ["X-Nothing: 1", undefined],
      ["Authorization: Bearer a.b.c", "invalid_token"],
    ] as const) {
      const answer = await ask("/v2/telechat/manifests/7b-fp16", "-H", line);
      const challenges = answer.headers.filter(([name]) => name === "www-authenticate");
      expect(answer.status).toBe(401);
      expect(challenges.map(([, value]) => value)).toEqual([
        `Bearer realm="${site.door.url}/token",service="registry",scope="repository:telechat:pull"` +
          (error === undefined ? "" : `,error="${error}"`),
      ]);
      expect(JSON.parse(answer.body)).toMatchObject({ errors: [{ code: "UNAUTHORIZED" }] });
    }
  });

  test("the catalogue is Dockwarden's: a challenge without a token, and to each account its part", async () => {
    const nobody = await ask("/v2/_catalog");
    expect(nobody.status).toBe(401);
    const challenges = nobody.headers.filter(([name]) => name === "www-authenticate");
    expect(challenges.map(([, value]) => value.split(",")[0])).toEqual([
      `Bearer realm="${site.door.url}/token"`,
    ]);
    const authorization = `Authorization: Bearer ${await tokenOf("reader")}`;
    await waitUntil("the push to be known", async () => {
      const { status, body } = await ask("/v2/_catalog?n=5", "-H", authorization);
      return status === 200 && body.includes('"telechat"');
    });
  });

  test("headers that a client sends about its request count for nothing", async () => {
    const lies = ["X-Original-URI: /v2/", "X-Forwarded-Uri: /v2/", "X-Forwarded-Method: HEAD"]
      .concat(["X-Original-Method: HEAD", `Authorization: Bearer ${await tokenOf("reader")}`])
      .flatMap((line) => ["-H", line]);
    expect((await ask("/v2/telechat/manifests/7b-fp16", ...lies)).status).toBe(200);
    const denied = await ask("/v2/telechat/manifests/12b-fp16", ...lies);
    expect(denied.status).toBe(403);
    expect(JSON.parse(denied.body)).toMatchObject({ errors: [{ code: "DENIED" }] });
    expect(denied.headers).toContainEqual(["content-type", "application/json"]);
  });

  test.each([
    "/v2/telechat/manifests/%31%32b-fp16",
    "/v2/telechat//manifests/12b-fp16",
    "/v2/x/../telechat/manifests/12b-fp16",
    "//v2/telechat/manifests/12b-fp16",
    "/v2/telechat%2Fmanifests%2F12b-fp16",
    "/V2/telechat/manifests/12b-fp16",
    "/token/../v2/telechat/manifests/12b-fp16",
    "/v2/_catalog/../telechat/manifests/12b-fp16",
  ])("no way of writing a denied tag opens it: %s", async (path) => {
    const answer = await ask(path, "-H", `Authorization: Bearer ${await tokenOf("reader")}`);
    expect(answer.status).toBeGreaterThanOrEqual(300);
    expect(answer.body).not.toContain("schemaVersion");
  });

  test.each(["/authz", "/events", "/health", "/_gate", "/token/../authz", "/%61uthz"])(
    "nobody outside reaches %s",
    async (path) => {
      expect((await ask(path, "-H", "X-Forwarded-Uri: /v2/")).status).toBe(404);
    },
  );

  test("a layer of many megabytes streams through, up and down", async () => {
    const layout = await site.workspace.subfolder("large");
    writeOciLayout(layout, randomBytes(48_000_000));
    const target = `docker://${site.image("telechat:large")}`;
    const copy = ["copy", "--dest-tls-verify=false", `oci:${layout}:latest`, target];
    expectDone(await admin.skopeo(copy));
    expectDone(await admin.pull(site.image("telechat:large")));
  }, 60_000);

  test("a gate that is down opens nothing", async () => {
    const token = await tokenOf("reader");
    await site.server.stop();
    const authorization = `Authorization: Bearer ${token}`;
    const answer = await ask("/v2/telechat/manifests/7b-fp16", "-H", authorization);
    expect(answer.status).toBeGreaterThanOrEqual(500);
    expect(answer.body).not.toContain("schemaVersion");
    await site.server.start();
    const again = await ask("/v2/telechat/manifests/7b-fp16", "-H", authorization);
    expect(again.status).toBe(200);
  });
}
