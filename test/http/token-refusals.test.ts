// Every refusal on the wire: words that every client can show, and what a client may do next.
import { describe, expect, test } from "@jest/globals";
import { CREDENTIAL_KINDS } from "../../src/domain/credential.js";
import { answerRefusal, type EdgeRefusal } from "../../src/http/token-refusals.js";
import type { TokenRefusal } from "../../src/token/token-answer.js";

const holder = { account: "alice", credential: "token:1" };
const plain = [
  "method",
  "duplicate-parameter",
  "missing-service",
  "multiple-credentials",
  "credentials-in-query",
  "missing-grant-type",
  "unsupported-grant-type",
  "missing-password",
  "missing-refresh-token",
  "unknown-service",
  "nameless",
  "tokens-only",
  "password-too-old",
  "busy",
  "token-too-large",
] as const;
const targets = [
  "not-origin-form",
  "not-ascii",
  "query-too-long",
  "bad-encoding",
  "control-character",
] as const;
const bodies = [
  "media-type",
  "content-encoding",
  "body-too-long",
  "too-many-fields",
  "aborted",
  "bad-encoding",
  "control-character",
] as const;
const REFUSALS: readonly (EdgeRefusal | TokenRefusal)[] = [
  ...plain.map((reason) => ({ reason })),
  ...targets.map((fault) => ({ reason: "target" as const, fault })),
  ...bodies.map((fault) => ({ reason: "body" as const, fault })),
  { reason: "scope", fault: "limit" },
  { reason: "scope", fault: "malformed" },
  { reason: "authorization", fault: "damaged" },
  { reason: "authorization", fault: "empty" },
  { reason: "bad-credentials", detail: "bad-password" },
  { reason: "throttled", detail: "account", retryAfterSeconds: 60 },
  ...CREDENTIAL_KINDS.flatMap((kind) => [
    { reason: "credential-ended" as const, kind, detail: "revoked" as const, holder },
    { reason: "unconfirmed" as const, kind, holder },
  ]),
];
const NAMES = REFUSALS.map((refusal) => [Object.values(refusal).join(" "), refusal] as const);

describe("refusals", () => {
  test.each(NAMES)("%s: fixed ASCII without quotes, short, telling nothing", (_name, refusal) => {
    const { message, status } = answerRefusal(refusal);
    expect(message).toMatch(/^[\x20-\x7e]{10,250}$/);
    expect(message).not.toMatch(/["\\]|alice|token:1/);
    expect(status).toBeGreaterThanOrEqual(400);
  });

  test.each(NAMES)("%s: by POST the same, but for OAuth's name of it", (_name, refusal) => {
    const byGet = answerRefusal(refusal, "invalid_client");
    const byPost = answerRefusal(refusal, "invalid_grant");
    expect({ ...byPost, error: byGet.error }).toEqual(byGet);
    if (byGet.status !== 401) expect(byPost).toEqual(byGet);
    else expect([byGet.error, byPost.error]).toEqual(["invalid_client", "invalid_grant"]);
  });

  test("who is to wait is told how long, in the header and in words", () => {
    const throttled = { reason: "throttled", detail: "network", retryAfterSeconds: 61 } as const;
    expect(answerRefusal(throttled)).toEqual({
      status: 429,
      error: "temporarily_unavailable",
      code: "TOOMANYREQUESTS",
      message: "too many wrong passwords; try again in 61 seconds, or ask the registry's operator",
      headers: { "Retry-After": "61" },
    });
    expect(answerRefusal({ reason: "busy" })).toMatchObject({
      status: 503,
      code: "UNAVAILABLE",
      headers: { "Retry-After": "2" },
    });
  });
});
