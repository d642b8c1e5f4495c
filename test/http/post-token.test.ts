// POST /token over HTTP: the grants, the strict reading of bodies, and what clients send (THREATS A, B and E).
import { beforeEach, describe, expect, test } from "@jest/globals";
import request from "supertest";
import { fakeServer, fixture, NOW, type FakeServer } from "../support/fake-http.js";

const DAY = 86_400;
const ENDED = "Your login on this machine has ended. Run docker login again.";
const ALICE = { grant_type: "password", username: "alice", password: "pw-alice", service: "reg" };

let server: FakeServer;
beforeEach(() => {
  server = fakeServer();
});

const FORM = "application/x-www-form-urlencoded";
const send = (body: string, path = "/token") =>
  request(server.listener).post(path).set("Content-Type", FORM).send(body);
const post = (form: Readonly<Record<string, string>>) => send(new URLSearchParams(form).toString());
const get = (query: string) => request(server.listener).get(`/token?${query}`);
const refresh = (token: string, change: Readonly<Record<string, string>> = {}) =>
  post({ grant_type: "refresh_token", refresh_token: token, service: "reg", ...change });
const messageOf = (response: request.Response): string =>
  (response.body as { errors: { message: string }[] }).errors[0]?.message ?? "";
const repo = (name: string, ...actions: string[]) => ({ type: "repository", name, actions });

/** Refused: the right status, the body that every client can show, no token. */
async function refused(
  pending: request.Test,
  status: number,
  error: string,
): Promise<request.Response> {
  const response = await pending;
  const body = response.body as { error: string; error_description: string };
  expect({ status: response.status, error: body.error }).toEqual({ status, error });
  expect(messageOf(response)).toBe(body.error_description);
  expect(server.signed).toEqual([]);
  return response;
}

describe("answers", () => {
  test("A04, A23: grant_type password is the answer of GET with what was granted, in full", async () => {
    const response = await post({
      ...ALICE,
      client_id: "containerd-client",
      scope: "repository:team/app:pull,push,delete repository:secret/x:pull",
    }).set("If-None-Match", "*");
    expect(response.status).toBe(200);
    expect(response.body).toEqual({
      token: "token-1",
      access_token: "token-1",
      expires_in: 300,
      issued_at: "2027-01-15T08:00:00Z",
      scope: "repository:team/app:pull,push",
    });
    expect(response.headers).toMatchObject({
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "content-type": "application/json",
    });
    expect(server.signed[0]).toMatchObject({
      subject: "alice",
      audience: "reg",
      holder: { account: 1, credential: "password:1" },
    });
  });

  test("A03: repeated scope fields, each split on spaces, are what podman sends", async () => {
    const scope = [
      "repository:team/app:pull",
      "repository:public/base:pull  repository:team/app:push",
    ];
    const body = new URLSearchParams({ ...ALICE, scope: scope[0] ?? "" });
    body.append("scope", scope[1] ?? "");
    const response = await send(body.toString());
    expect(response.body).toMatchObject({
      scope: "repository:team/app:pull,push repository:public/base:pull",
    });
    expect(server.signed[0]?.access).toEqual([
      repo("team/app", "pull", "push"),
      repo("public/base", "pull"),
    ]);
  });

  test.each([undefined, "", "  "])("A05: a scope of %p is none", async (scope) => {
    const response = await post(scope === undefined ? ALICE : { ...ALICE, scope });
    expect(response.body).toMatchObject({ scope: "" });
    expect(server.signed[0]?.access).toEqual([]);
  });

  test.each(["/auth/token", "/auth/token/"])("%s is the same endpoint", async (path) => {
    expect((await send(new URLSearchParams(ALICE).toString(), path)).status).toBe(200);
  });

  test("A21: unknown fields, and any other parameter of the URL, are ignored", async () => {
    const body = new URLSearchParams({ ...ALICE, foo: "bar" }).toString();
    const response = await send(body, "/token?service=evil&scope=bad&foo=1&foo=2&service=x");
    expect(response.status).toBe(200);
    expect(server.signed[0]?.audience).toBe("reg");
  });

  test("B03: another account field decides nothing and is logged", async () => {
    await post({ ...ALICE, account: "bob" });
    expect(server.log.at(-1)).toMatchObject({ sub: "alice", claimed_account: "bob" });
  });

  test("B06, B08: a password may be of any characters, and is compared whole", async () => {
    for (const text of ["pw-alice\0x", "pw-alice\n", "pw-alic", "p".repeat(15_000)]) {
      await refused(post({ ...ALICE, password: text }), 401, "invalid_grant");
    }
    expect(server.hashes.count).toBe(4);
  });
});

describe("bodies", () => {
  const body = new URLSearchParams(ALICE).toString();
  const typed = (type: string) =>
    request(server.listener).post("/token").set("Content-Type", type).send(body);

  test.each([
    "application/json",
    "multipart/form-data; boundary=x",
    "text/plain",
    "application/x-www-form-urlencoded, application/json",
    "application/x-www-form-urlencoded; boundary=x",
  ])("A07: the media type %s is 415", async (type) => {
    await refused(typed(type), 415, "invalid_request");
    expect(server.log.at(-1)).toMatchObject({ evt: "token.refuse", reason: "media_type" });
  });

  test("A07: no media type is 415", async () => {
    await refused(request(server.listener).post("/token"), 415, "invalid_request");
  });

  test.each(["iso-8859-1", "utf-7", "utf-16"])("A08: charset %s is 415", async (charset) => {
    await refused(typed(`${FORM}; charset=${charset}`), 415, "invalid_request");
  });

  test.each(["; charset=utf-8", ";charset=UTF-8", '; charset="utf-8"'])(
    "A08: %s is accepted",
    async (charset) => {
      expect((await typed(`${FORM}${charset}`)).status).toBe(200);
    },
  );

  test.each(["gzip", "br", "identity, gzip"])("A09: %s is 415", async (encoding) => {
    await refused(send(body).set("Content-Encoding", encoding), 415, "invalid_request");
    expect(server.log.at(-1)).toMatchObject({ reason: "content_encoding" });
  });

  test("A09: identity is no encoding", async () => {
    expect((await send(body).set("Content-Encoding", "identity")).status).toBe(200);
  });

  test.each([
    ["service", "service=reg"],
    ["grant_type", "grant_type=password"],
    ["username", "username=bob"],
    ["password", "password=x"],
    ["an unknown field", "x=1&x=2"],
  ])("A01: %s twice is 400", async (_name, more) => {
    await refused(send(`${body}&${more}`), 400, "invalid_request");
    expect(server.log.at(-1)).toMatchObject({ reason: "dup_param" });
  });

  test.each([
    ["A02: an array's form", "service[]=reg"],
    ["A10: invalid UTF-8", "service=reg&scope=repository:f%ff:pull"],
    ["A10: not hexadecimal", "service=%zz"],
    ["A10: overlong", "service=%c0%af"],
    ["A10: raw bytes", "service=r\u00e9g"],
    ["A11: NUL", "service=reg&account=a%00"],
    ["A11: line end", "service=reg%0d%0a"],
    ["A11: a raw line end", "service=reg\n"],
    ["A11: escape", "service=reg&client_id=%1b[2J"],
    ["C20: no service", "scope=repository:a:pull"],
    ["C20: another service", "service=evil"],
  ])("%s", async (_name, fields) => {
    const credential = "grant_type=password&username=alice&password=pw-alice";
    await refused(send(`${credential}&${fields}`), 400, "invalid_request");
    expect(JSON.stringify(server.log)).not.toContain("pw-alice");
  });

  test("A02: __proto__ is an unknown field", async () => {
    expect((await send(`${body}&__proto__=1&constructor=2`)).status).toBe(200);
    expect(({} as Record<string, unknown>)["1"]).toBeUndefined();
  });

  test.each([
    ["33 scopes", "repository:a:pull ".repeat(33)],
    ["a scope of 600 characters", `repository:${"a".repeat(600)}:pull`],
    ["9 actions", `repository:a:${"pull,".repeat(8)}push`],
  ])("A20: %s is too much", async (_name, scope) => {
    await refused(post({ ...ALICE, scope }), 400, "invalid_scope");
    expect(server.log.at(-1)).toMatchObject({ reason: "limit" });
  });

  test("A19: 1,001 fields are 413, 1,000 are not", async () => {
    await refused(send(`${body}${"&".repeat(997)}`), 413, "invalid_request");
    // The shortest of them all: 1,001 empty ones.
    await refused(send("&".repeat(1000)), 413, "invalid_request");
    expect((await send(`${body}${"&".repeat(996)}`)).status).toBe(200);
  });
});

describe("grants", () => {
  test.each(["client_credentials", "authorization_code", "PASSWORD", "password ", "refresh"])(
    "A24: grant_type %s is not supported",
    async (grant) => {
      await refused(post({ ...ALICE, grant_type: grant }), 400, "unsupported_grant_type");
    },
  );

  test.each([
    ["A24: no grant_type", { username: "alice", password: "pw-alice" }],
    ["A24: an empty grant_type", { ...ALICE, grant_type: "" }],
    ["no password", { ...ALICE, password: "" }],
    ["no name", { ...ALICE, username: "" }],
    ["no refresh token", { grant_type: "refresh_token" }],
    ["a password for a refresh", { ...ALICE, grant_type: "refresh_token" }],
  ])("%s is 400", async (_name, form) => {
    await refused(post({ service: "reg", ...form }), 400, "invalid_request");
    expect(server.hashes.count).toBe(0);
  });

  test.each(["Basic Og==", "Basic YWxpY2U6cHctYWxpY2U=", "Bearer x", "x"])(
    "A12: an Authorization header (%s) beside the body is refused, whatever it says",
    async (header) => {
      await refused(post(ALICE).set("Authorization", header), 400, "invalid_request");
      expect(server.log.at(-1)).toMatchObject({ reason: "multiple_credentials" });
      expect(server.hashes.count).toBe(0);
    },
  );

  test.each(["username=alice", "password=pw-alice", "refresh_token=x", "%70assword=x"])(
    "A12: %s in the URL is refused",
    async (query) => {
      const body = new URLSearchParams(ALICE).toString();
      const response = await refused(send(body, `/token?${query}`), 400, "invalid_request");
      expect(messageOf(response)).toMatch(/belong into the body/);
      expect(JSON.stringify(server.log)).not.toContain("pw-alice");
    },
  );

  test.each([
    ["bad_password", "alice", "wrong"],
    ["unknown_account", "nobody", "pw-nobody"],
    ["disabled", "carol", "pw-carol"],
    ["expired", "expired", "pw-expired"],
  ])("B01, B02: %s for %s looks like every other", async (reason, username, password) => {
    const response = await refused(post({ ...ALICE, username, password }), 401, "invalid_grant");
    const byGet = await get("service=reg").auth(username, password);
    expect(response.body).toEqual({ ...(byGet.body as object), error: "invalid_grant" });
    expect(response.headers["www-authenticate"]).toBe(byGet.headers["www-authenticate"]);
    expect(server.log[0]).toMatchObject({ evt: "auth.fail", reason, user: username });
    expect(JSON.stringify(server.log)).not.toContain(password);
    // The same password again, by GET, is known to be refused.
    expect(server.hashes.count).toBe(1);
  });

  test("B22: a name that would forge a line of the log is not in it", async () => {
    const username = 'x","evt":"token.issue\n{"evt":1}\u2028\u001b]0;';
    await refused(post({ ...ALICE, username }), 401, "invalid_grant");
    expect(server.log.at(-1)).toMatchObject({ evt: "auth.fail", user: null });
  });
});

describe("refresh tokens", () => {
  const login = async (more: Readonly<Record<string, string>>): Promise<string | undefined> => {
    const response = await post({ ...ALICE, ...more });
    expect(response.status).toBe(200);
    return (response.body as { refresh_token?: string }).refresh_token;
  };

  test.each<[Readonly<Record<string, string>>, boolean]>([
    [{ access_type: "offline" }, true],
    [{ offline_token: "true" }, true],
    [{}, false],
    [{ access_type: "Offline" }, false],
    [{ access_type: "online" }, false],
    [{ offline_token: "TRUE" }, false],
    [{ offline_token: "1" }, false],
    [{ offline_token: "false" }, false],
  ])("A22: by POST, %p asks for a refresh token: %p", async (more, isAsked) => {
    expect((await login(more)) !== undefined).toBe(isAsked);
  });

  test.each([
    ["offline_token=true", true],
    ["access_type=offline", true],
    ["offline_token=TRUE", false],
    ["offline_token=1", false],
    ["access_type=Offline", false],
  ])("A22: by GET, %s asks for a refresh token: %p", async (more, isAsked) => {
    const response = await get(`service=reg&${more}`).auth("alice", "pw-alice");
    expect("refresh_token" in (response.body as object)).toBe(isAsked);
    expect(response.body).not.toHaveProperty("scope");
  });

  test("A22: an anonymous request for one gets none", async () => {
    const response = await get("service=reg&offline_token=true");
    expect(response.status).toBe(200);
    expect(response.body).not.toHaveProperty("refresh_token");
  });

  test("A01: access_type twice is 400", async () => {
    await refused(
      get("service=reg&access_type=offline&access_type=x").auth("alice", "pw-alice"),
      400,
      "invalid_request",
    );
  });

  test("a login is refreshed with today's rights, and the same token comes back", async () => {
    const token = (await login({ access_type: "offline" })) ?? "";
    expect(token).toMatch(/^dwl_/);
    const response = await refresh(token, { scope: "repository:team/app:pull,push,delete" });
    expect(response.body).toMatchObject({
      refresh_token: token,
      scope: "repository:team/app:pull,push",
    });
    expect(server.signed.at(-1)).toMatchObject({
      subject: "alice",
      holder: { account: 1, credential: "refresh:1" },
    });
    expect(server.credentials.noted).toEqual(["1 127.0.0.1"]);
    expect(server.hashes.count).toBe(1);
    expect(JSON.stringify([server.log, server.signed])).not.toContain(token);
  });

  test("E05: twenty refreshes at once all work, and are given the same token", async () => {
    const token = server.credentials.give("refresh", fixture("alice"));
    const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(token)));
    const seen = answers.map(({ status, body }) => [
      status,
      (body as { refresh_token: string }).refresh_token,
    ]);
    expect(seen).toEqual(Array.from({ length: 20 }, () => [200, token]));
  });

  test.each([
    ["89 idle days", 89, NOW, null],
    ["91 idle days", 91, NOW, "idle"],
    ["366 days in all, in use", 366, NOW + 365 * DAY, "expired"],
  ])("E05: after %s", async (_name, days, usedAt, reason) => {
    const token = server.credentials.give("refresh", fixture("alice"), {
      expiresAt: NOW + 365 * DAY,
      lastUse: { at: usedAt, address: "", program: "" },
    });
    server.clock.ahead = days * DAY;
    if (reason === null) {
      expect((await refresh(token)).status).toBe(200);
      return;
    }
    const response = await refused(refresh(token), 401, "invalid_grant");
    expect(messageOf(response)).toBe(ENDED);
    expect(server.log.at(-1)).toMatchObject({
      evt: "auth.fail",
      reason: `credential_${reason}`,
      user: "alice",
      credential: "refresh:1",
    });
  });

  test("E02: a login is for one service", async () => {
    const token = server.credentials.give("refresh", fixture("alice"));
    const response = await refused(refresh(token, { service: "other" }), 401, "invalid_grant");
    expect(messageOf(response)).toBe(ENDED);
    await refused(refresh(token, { service: "evil" }), 400, "invalid_request");
    expect((await refresh(token)).status).toBe(200);
  });

  test.each([
    ["of 15,000 characters", `dwl_${"A".repeat(15_000)}`],
    ["with NUL", `dwl_${"A".repeat(20)}\0`],
    ["with SQL", "' OR 1=1"],
    ["with the right prefix and a bad checksum", `dwl_${"A".repeat(48)}`],
    ["that is a password", "pw-alice"],
  ])("E11: a refresh token %s is 401 and no store is asked", async (_name, token) => {
    await refused(refresh(token), 401, "invalid_grant");
    expect(server.credentials.lookups.count).toBe(0);
    expect(server.hashes.count).toBe(0);
    expect(server.log.at(-1)).toMatchObject({ evt: "auth.fail", reason: "bad_secret" });
  });

  test("B05: a live refresh token is no password: 401, no hash, and it lives on", async () => {
    const token = server.credentials.give("refresh", fixture("alice"));
    for (const name of ["", "alice", "bob"]) {
      const response = await refused(get("service=reg").auth(name, token), 401, "invalid_client");
      expect(messageOf(response)).not.toBe(ENDED);
    }
    await refused(post({ ...ALICE, password: token }), 401, "invalid_grant");
    expect(server.hashes.count).toBe(0);
    expect(server.credentials.noted).toEqual([]);
    expect((await refresh(token)).status).toBe(200);
  });

  test("B05: who shows an ended login is told so, by each way that clients try it", async () => {
    const end = { at: NOW, reason: "revoked" } as const;
    const token = server.credentials.give("refresh", fixture("alice"), { end });
    const said = [
      await refused(refresh(token), 401, "invalid_grant"),
      await refused(post({ ...ALICE, password: token }), 401, "invalid_grant"),
      await refused(get("service=reg").auth("", token), 401, "invalid_client"),
      await refused(get("service=reg").auth("alice", token), 401, "invalid_client"),
    ].map(messageOf);
    expect(said).toEqual([ENDED, ENDED, ENDED, ENDED]);
    expect(server.hashes.count).toBe(0);
  });
});

describe("personal tokens and robots", () => {
  test.each(["token", "secret"] as const)(
    "a %s works as the password, on both methods, and mints no refresh token",
    async (kind) => {
      const name = kind === "token" ? "bob" : "ci";
      const secret = server.credentials.give(kind, fixture(name));
      const answers = [
        await get("service=reg&offline_token=true").auth(name, secret),
        await post({ ...ALICE, username: name, password: secret, access_type: "offline" }),
      ];
      for (const { status, body } of answers) {
        expect(status).toBe(200);
        expect(body).not.toHaveProperty("refresh_token");
      }
      expect(server.signed.map(({ holder }) => holder?.credential)).toEqual([
        `${kind}:1`,
        `${kind}:1`,
      ]);
      expect(server.hashes.count).toBe(0);
    },
  );

  test("a personal token does not refresh", async () => {
    const secret = server.credentials.give("token", fixture("bob"));
    await refused(refresh(secret), 401, "invalid_grant");
  });

  test("who holds a token that has ended or is from before a restore is told, on both methods", async () => {
    const { credentials } = server;
    const ended = credentials.give("token", fixture("bob"), {
      end: { at: NOW, reason: "revoked" },
    });
    const early = credentials.give("token", fixture("bob"), { isUnconfirmed: true });
    for (const [secret, words] of [
      [ended, /personal token has ended/],
      [early, /before a restore/],
    ] as const) {
      const byGet = await refused(get("service=reg").auth("bob", secret), 401, "invalid_client");
      const form = { ...ALICE, username: "bob", password: secret };
      const byPost = await refused(post(form), 401, "invalid_grant");
      expect(messageOf(byGet)).toMatch(words);
      expect(messageOf(byPost)).toBe(messageOf(byGet));
    }
  });

  test("where only personal tokens are taken, passwords and logins are refused without a hash", async () => {
    server = fakeServer([], { passwordUse: "tokens-only" });
    const login = server.credentials.give("refresh", fixture("alice"));
    const answers = [
      await refused(get("service=reg").auth("alice", "pw-alice"), 401, "invalid_client"),
      await refused(get("service=reg").auth("nobody", "x"), 401, "invalid_client"),
      await refused(post(ALICE), 401, "invalid_grant"),
      await refused(refresh(login), 401, "invalid_grant"),
      await refused(get("service=reg").auth("", login), 401, "invalid_client"),
      await refused(get("service=reg").auth("alice", login), 401, "invalid_client"),
    ];
    for (const answer of answers) expect(messageOf(answer)).toMatch(/use a personal token/);
    expect(server.hashes.count).toBe(0);
    const token = server.credentials.give("token", fixture("alice"));
    expect((await get("service=reg").auth("alice", token)).status).toBe(200);
    expect((await post({ ...ALICE, password: token })).status).toBe(200);
  });
});
