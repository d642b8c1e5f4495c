// Ways past the gate: every spelling, header and detour that somebody could think of, against the real door and registry.
import { connect } from "node:net";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { openSkopeo, type Skopeo } from "../support/clients.js";
import { openGateSite, type GateSite } from "../support/gate-door.js";
import { expectDone } from "../support/outcome.js";
import { describeWith } from "../support/programs.js";
import { addUser, ADMIN_NAME, passwordOf } from "../support/spawn-server.js";

const ACCEPT = [
  "application/vnd.oci.image.manifest.v1+json",
  "application/vnd.docker.distribution.manifest.v2+json",
].join(", ");

const AT_ONCE = 40;

/** One request as bytes on the wire. */
interface Attempt {
  readonly what: string;
  readonly method: string;
  readonly target: string;
  readonly headers?: readonly string[];
  readonly version?: string;
  readonly body?: string;
}

const get = (target: string, headers: readonly string[] = []): Attempt => ({
  what: `GET ${target} ${headers.join(" ")}`.trim(),
  method: "GET",
  target,
  headers,
});

const percent = (character: string): string =>
  `%${character.charCodeAt(0).toString(16).padStart(2, "0")}`;

/** Every spelling of a path that some server or other might read as the plain one. */
function spellingsOf(repository: string, reference: string): string[] {
  const plain = `/v2/${repository}/manifests/${reference}`;
  const each = Array.from(plain, (character, at) => {
    return plain.slice(0, at) + percent(character) + plain.slice(at + 1);
  });
  const twice = Array.from(reference, (character, at) => {
    const double = percent(character).replace("%", "%25");
    return `/v2/${repository}/manifests/${reference.slice(0, at)}${double}${reference.slice(at + 1)}`;
  });
  const whole = Array.from(plain, percent).join("");
  return [
    plain,
    ...each,
    ...twice,
    `/v2/${whole.slice(12)}`,
    `//v2/${repository}/manifests/${reference}`,
    `/v2//${repository}/manifests/${reference}`,
    `/v2/${repository}//manifests//${reference}`,
    `/v2/${repository}/manifests/${reference}/`,
    `/v2/${repository}/manifests/${reference}//`,
    `/v2/${repository}/manifests/./${reference}`,
    `/v2/${repository}/./manifests/${reference}`,
    `/v2/${repository}/manifests/x/../${reference}`,
    `/v2/x/../${repository}/manifests/${reference}`,
    `/v2/x/%2e%2e/${repository}/manifests/${reference}`,
    `/v2/x/..%2f${repository}/manifests/${reference}`,
    `/token/../v2/${repository}/manifests/${reference}`,
    `/v2/_catalog/../${repository}/manifests/${reference}`,
    `/V2/${repository}/manifests/${reference}`,
    `/v2/${repository.toUpperCase()}/manifests/${reference}`,
    `/v2/${repository}/Manifests/${reference}`,
    `${plain}?`,
    `${plain}?tag=7b-fp16`,
    `${plain}?n=1#/v2/${repository}/manifests/7b-fp16`,
    `${plain}#`,
    `${plain}%3Ftag=7b-fp16`,
    `${plain}%23`,
    `${plain}%00`,
    `${plain}%20`,
    `${plain};tag=7b-fp16`,
    `${plain}%3b`,
    `${plain}\\`,
    `/v2\\${repository}\\manifests\\${reference}`,
    `/v2/${repository}/manifests/${reference}@sha256:${"0".repeat(64)}`,
    `/v2/${repository}:${reference}/manifests/7b-fp16`,
    `/v2/${repository}/manifests/7b-fp16/../${reference}`,
    `/v2/${repository}/manifests/7b-fp16/%2e%2e/${reference}`,
    `/v2/${repository}/manifests/7b-fp16%2f..%2f${reference}`,
    `/v2/${repository}/manifests/7b-fp16%0d%0aGET%20${plain}`,
    `/v2/${repository}/referrers/${reference}`,
    `/v2/${repository}/blobs/${reference}`,
  ];
}

describeWith(["docker-registry", "nginx", "skopeo"], "ways past the gate", () => {
  let site: GateSite;
  let token: string;
  let digest: string;
  let manifest: string;

  async function tokenOf(name: string, ...scopes: string[]): Promise<string> {
    const basic = Buffer.from(`${name}:${passwordOf(name)}`).toString("base64");
    const query = new URLSearchParams([
      ["service", "registry"],
      ...scopes.map((scope): [string, string] => ["scope", scope]),
    ]).toString();
    const answer = await fetch(`${site.door.url}/token?${query}`, {
      headers: { authorization: `Basic ${basic}` },
    });
    return ((await answer.json()) as { readonly token: string }).token;
  }

  /** Sends the bytes and answers everything that comes back. */
  function send(attempt: Attempt, isBare = false): Promise<string> {
    const { method, target, headers = [], version = "HTTP/1.1", body = "" } = attempt;
    const lines = [
      `${method} ${target} ${version}`,
      ...(isBare ? [] : [`Host: ${site.door.host}`]),
      ...(isBare ? [] : [`Authorization: Bearer ${token}`, `Accept: ${ACCEPT}`]),
      ...headers,
      `Content-Length: ${Buffer.byteLength(body)}`,
      "Connection: close",
    ];
    return new Promise((resolve, reject) => {
      const socket = connect(site.door.port, "127.0.0.1");
      let answer = "";
      socket.setEncoding("latin1");
      socket.setTimeout(20_000, () => socket.destroy(new Error(`no end: ${attempt.what}`)));
      socket.on("data", (text: string) => (answer += text));
      socket.on("end", () => {
        resolve(answer);
      });
      socket.on("error", reject);
      socket.write(`${lines.join("\r\n")}\r\n\r\n${body}`);
    });
  }

  /** An answer about the manifest names its digest in a header, one with it has its bytes. */
  function isReached(answer: string): boolean {
    const [head = ""] = answer.split("\r\n\r\n");
    return answer.includes(manifest) || head.includes(digest);
  }

  /** Attempts of which the answer holds the manifest, or says that it is there. */
  async function findReached(attempts: readonly Attempt[]): Promise<string[]> {
    const reached: string[] = [];
    const tryOne = async (attempt: Attempt): Promise<void> => {
      const answer = await send(attempt);
      if (!answer.startsWith("HTTP/1.")) throw new Error(`${attempt.what}: ${answer.slice(0, 80)}`);
      if (isReached(answer)) reached.push(attempt.what);
    };
    // An unknown digest waits a second for its notification: many at once.
    for (let at = 0; at < attempts.length; at += AT_ONCE) {
      await Promise.all(attempts.slice(at, at + AT_ONCE).map(tryOne));
    }
    return reached;
  }

  beforeAll(async () => {
    site = await openGateSite();
    const { server, door } = site;
    await addUser(server, "developer", "view,pull,push");
    await addUser(server, "reader", "view,pull");
    await server.mustCli(["image", "register", "telechat:7b-fp16", "--users", "developer,reader"]);
    await server.mustCli(["image", "register", "telechat:12b-fp16", "--users", ADMIN_NAME]);
    await server.mustCli(["image", "register", "mine", "--users", "developer"]);
    const admin: Skopeo = await openSkopeo(site.workspace, ADMIN_NAME);
    expectDone(await admin.login(door.host, ADMIN_NAME, passwordOf(ADMIN_NAME)));
    for (const tag of ["7b-fp16", "12b-fp16"]) {
      expectDone(await admin.push(`${door.host}/telechat:${tag}`, `weights of ${tag}`));
    }
    const scopes = ["repository:telechat:pull,push", "repository:mine:pull,push"];
    const whole = await tokenOf(ADMIN_NAME, ...scopes);
    const answer = await fetch(`${door.url}/v2/telechat/manifests/12b-fp16`, {
      headers: { authorization: `Bearer ${whole}`, accept: ACCEPT },
    });
    manifest = await answer.text();
    digest = answer.headers.get("docker-content-digest") ?? "";
    expect(digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    token = await tokenOf("developer", ...scopes);
  }, 60_000);

  afterAll(() => site.close());

  test("the way that is open is open: the attempts below fail for a reason", async () => {
    const answer = await send(get("/v2/telechat/manifests/7b-fp16"));
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    const denied = await send(get("/v2/telechat/manifests/12b-fp16"));
    expect(denied).toMatch(/^HTTP\/1\.1 403 /);
    expect(denied).toContain("developer may not pull telechat:12b-fp16");
  });

  test("C06: no spelling of the path reaches the manifest, by tag or by digest", async () => {
    const attempts = ["12b-fp16", digest].flatMap((reference) =>
      spellingsOf("telechat", reference).map((target) => get(target)),
    );
    expect(attempts.length).toBeGreaterThan(200);
    expect(await findReached(attempts)).toEqual([]);
    // Who may push looks by HEAD whether a digest is there; who may only pull does not even learn that.
    const own = token;
    token = await tokenOf("reader", "repository:telechat:pull");
    expect(await send(get("/v2/telechat/manifests/7b-fp16"))).toMatch(/^HTTP\/1\.1 200 /);
    const heads = attempts.map((one) => ({ ...one, method: "HEAD" }));
    expect(await findReached([...attempts, ...heads])).toEqual([]);
    token = own;
  }, 120_000);

  test("no header takes the gate's eyes off the request", async () => {
    const [open, shut] = ["/v2/telechat/manifests/7b-fp16", "/v2/telechat/manifests/12b-fp16"];
    const headers = [
      [`X-Original-URI: ${open}`],
      ["X-Original-Method: OPTIONS"],
      [`X-Original-URI: ${open}`, "X-Original-Method: GET"],
      [`x-original-uri: ${open}`],
      [`X_Original_URI: ${open}`],
      [`X-Forwarded-Uri: ${open}`, "X-Forwarded-Method: GET"],
      [`X-Rewrite-URL: ${open}`],
      [`X-Original-URL: ${open}`],
      ["X-HTTP-Method-Override: OPTIONS"],
      ["X-HTTP-Method: OPTIONS"],
      ["X-Method-Override: OPTIONS"],
      ["Connection: X-Original-URI"],
      ["Connection: Authorization"],
      ["Forwarded: for=127.0.0.1;host=localhost"],
      ["X-Forwarded-Host: elsewhere"],
      ["Range: bytes=0-99"],
      ["If-None-Match: *"],
      ["Expect: 100-continue"],
      ["Upgrade: h2c", "Connection: Upgrade"],
      ["Authorization: Basic eDp5"],
      [`Authorization: Bearer ${token}`],
      ["Content-Type: application/x-www-form-urlencoded"],
      ["Transfer-Encoding: chunked"],
      ["Transfer-Encoding: identity"],
      ["Host: elsewhere.example"],
      [`X-Padding: ${"x".repeat(7000)}`],
      Array.from({ length: 120 }, (_, at) => `X-Many-${at}: y`),
    ];
    expect(await findReached(headers.map((more) => get(shut, more)))).toEqual([]);
  }, 60_000);

  test("no method, version or form of the request line does", async () => {
    const target = "/v2/telechat/manifests/12b-fp16";
    const methods = ["OPTIONS", "POST", "PATCH", "TRACE", "PROPFIND", "get", "GETT", "PRI"];
    const attempts: Attempt[] = [
      ...methods.map((method) => ({ what: method, method, target })),
      { ...get(`http://${site.door.host}${target}`), what: "absolute form" },
      { ...get(`http://elsewhere.example${target}`), what: "absolute form, elsewhere" },
      { ...get(target), version: "HTTP/1.0", what: "HTTP/1.0" },
      { ...get(`${target} HTTP/1.1\r\nX-A: b`), what: "a second version" },
      { ...get(` ${target}`), what: "two spaces" },
      { ...get(target.slice(1)), what: "no slash" },
    ];
    expect(await findReached(attempts)).toEqual([]);
    const pipelined = `GET ${target} HTTP/1.1\r\nHost: ${site.door.host}\r\nAuthorization: Bearer ${token}\r\n\r\n`;
    const smuggled: Attempt[] = [
      { ...get("/v2/"), body: pipelined, what: "a request as a body" },
      {
        ...get("/v2/", ["Transfer-Encoding: chunked"]),
        body: `0\r\n\r\n${pipelined}`,
        what: "two lengths",
      },
    ];
    expect(await findReached(smuggled)).toEqual([]);
  }, 60_000);

  test("A12: no second or odd Authorization header does", async () => {
    const target = "/v2/telechat/manifests/12b-fp16";
    const reached: string[] = [];
    const values = [
      ["Authorization: bearer TOKEN"],
      ["Authorization: BEARER TOKEN"],
      ["Authorization: Bearer\tTOKEN"],
      ["Authorization:  Bearer TOKEN"],
      ["Authorization: Bearer  TOKEN"],
      ["Authorization: Bearer TOKEN "],
      ["Authorization: Basic eDp5", "Authorization: Bearer TOKEN"],
      ["Authorization: Bearer TOKEN", "Authorization: Basic eDp5"],
      ["Authorization: Basic eDp5, Bearer TOKEN"],
      ["Authorization: Bearer TOKEN, Bearer TOKEN"],
      ["authorization: Bearer TOKEN"],
      ["Proxy-Authorization: Bearer TOKEN"],
      ["Authorization: Token TOKEN"],
      ["Authorization: TOKEN"],
      ["Authorization: Bearer,TOKEN"],
    ];
    for (const lines of values) {
      const headers = lines.map((line) => line.replaceAll("TOKEN", token));
      const all = [`Host: ${site.door.host}`, `Accept: ${ACCEPT}`, ...headers];
      const answer = await send({ ...get(target, all), what: lines.join(" + ") }, true);
      if (isReached(answer)) reached.push(lines.join(" + "));
    }
    expect(reached).toEqual([]);
  }, 60_000);

  test("T1: an expired token, and one of another audience, open nothing that a registry would still take", async () => {
    const scope = "repository:telechat:pull";
    const [header = "", , signature = ""] = token.split(".");
    const claims = Buffer.from(JSON.stringify({ iss: "dockwarden", access: [scope] }));
    const forged = `${header}.${claims.toString("base64url")}.${signature}`;
    const none = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${claims.toString("base64url")}.`;
    for (const wrong of [forged, none, "x", `${token}x`, token.slice(0, -2)]) {
      const headers = [`Host: ${site.door.host}`, `Authorization: Bearer ${wrong}`];
      const answer = await send(get("/v2/telechat/manifests/12b-fp16", headers), true);
      expect(answer).toMatch(/^HTTP\/1\.1 401 /);
      expect(answer).toMatch(/WWW-Authenticate: Bearer realm=.*error="invalid_token"/i);
    }
  });

  test("neither tag parameters nor forms write a tag or mount a layer that the gate denies", async () => {
    const own = await send(get("/v2/telechat/manifests/7b-fp16"));
    const body = own.slice(own.indexOf("\r\n\r\n") + 4);
    const type = "Content-Type: application/vnd.oci.image.manifest.v1+json";
    const put = (target: string): Attempt => ({
      what: `PUT ${target}`,
      method: "PUT",
      target,
      headers: [type],
      body,
    });
    for (const target of [
      "/v2/telechat/manifests/12b-fp16",
      "/v2/telechat/manifests/%312b-fp16",
      "/v2/telechat/manifests/7b-fp16?tag=12b-fp16",
      `/v2/telechat/manifests/sha256:${"0".repeat(64)}?tag=12b-fp16`,
    ]) {
      expect(await send(put(target))).toMatch(/^HTTP\/1\.1 403 /);
    }
    expect((await send(get("/v2/telechat/manifests/7b-fp16"))).startsWith("HTTP/1.1 200")).toBe(
      true,
    );
    const layer =
      (JSON.parse(manifest) as { layers: { digest: string }[] }).layers[0]?.digest ?? "";
    const form = `mount=${encodeURIComponent(layer)}&from=telechat`;
    for (const contentType of [
      "application/x-www-form-urlencoded",
      "multipart/form-data; boundary=x",
    ]) {
      const answer = await send({
        what: contentType,
        method: "POST",
        target: "/v2/mine/blobs/uploads/",
        headers: [`Content-Type: ${contentType}`],
        body: form,
      });
      expect(answer).toMatch(/^HTTP\/1\.1 403 /);
    }
  });

  test("what is inside stays inside: the gate and the notifications can't be asked through the door", async () => {
    for (const target of [
      "/authz",
      "/events",
      "/_gate",
      "/health",
      "/health/ready",
      "/v2/../authz",
    ]) {
      const answer = await send(get(target));
      expect(answer).toMatch(/^HTTP\/1\.1 (?:404|403|400) /);
    }
  });
});
