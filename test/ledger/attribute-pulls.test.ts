// One pull of a client is one count, for the tag that was meant; traces are those of REGISTRY-FACTS §4.1.
import { expect, test } from "@jest/globals";
import type { DigestReach, LedgerReader, PullNote } from "../../src/domain/ledger.js";
import { PullAttribution } from "../../src/ledger/attribute-pulls.js";

const NOTHING: DigestReach = {
  isKnown: false,
  tags: [],
  pastTags: [],
  hasUntaggedParent: false,
  pushedBy: null,
};

interface Subject {
  readonly attribution: PullAttribution;
  readonly ledger: Pick<LedgerReader, "findReach">;
}

/** Which tags reach which digest. */
function attribution(reach: Readonly<Record<string, readonly string[]>>): Subject {
  const findReach = async (_place: unknown, digest: string): Promise<DigestReach> => {
    const tags = reach[digest];
    return tags === undefined ? NOTHING : { ...NOTHING, isKnown: true, tags };
  };
  return { attribution: new PullAttribution(), ledger: { findReach } };
}

let second = 0;

/** `HEAD v1`, `GET sha256:a`; a second later than the one before unless `at` says otherwise. */
function note(text: string, at: number = (second += 1), account = "bob"): PullNote {
  const [method = "", reference = ""] = text.split(" ");
  const isDigest = reference.startsWith("sha256:");
  return {
    service: "reg",
    repository: "app",
    tag: isDigest ? null : reference,
    digest: isDigest ? reference : null,
    account,
    method: method === "HEAD" ? "HEAD" : "GET",
    at,
  };
}

async function count(subject: Subject, ...notes: readonly PullNote[]): Promise<string[]> {
  const counted = await subject.attribution.attribute(notes, subject.ledger);
  return counted.map(({ method, tag }) => `${method} ${tag ?? "-"}`);
}

const REACH = {
  "sha256:index": ["v1"],
  "sha256:amd64": ["v1"],
  "sha256:both": ["v1", "v2"],
  "sha256:only": ["v2"],
};

test("docker looks a tag up and asks for its digest: one look and one pull", async () => {
  const subject = attribution(REACH);
  expect(await count(subject, note("HEAD v1"), note("GET sha256:both"))).toEqual([
    "HEAD v1",
    "GET v1",
  ]);
});

test("the manifest of a platform belongs to its index", async () => {
  const subject = attribution(REACH);
  const trace = ["HEAD v1", "GET sha256:index", "GET sha256:amd64"].map((text) => note(text));
  expect(await count(subject, ...trace)).toEqual(["HEAD v1", "GET v1"]);
  // skopeo and podman ask for the tag itself.
  const other = ["GET v1", "GET sha256:amd64"].map((text) => note(text));
  expect(await count(subject, ...other)).toEqual(["GET v1"]);
});

test("an image that is up to date is looked at, not pulled", async () => {
  expect(await count(attribution(REACH), note("HEAD v1"), note("HEAD v1"))).toEqual([
    "HEAD v1",
    "HEAD v1",
  ]);
});

test("each pull counts, however quickly they follow each other", async () => {
  const subject = attribution(REACH);
  const trace = ["HEAD v1", "GET sha256:index", "GET sha256:amd64"];
  const twice = [...trace, ...trace].map((text) => note(text));
  expect(await count(subject, ...twice)).toEqual(["HEAD v1", "GET v1", "HEAD v1", "GET v1"]);
  expect(await count(subject, note("GET v1"), note("GET v1"))).toEqual(["GET v1", "GET v1"]);
});

test("a pull by digest counts each time, for the one tag that reaches it", async () => {
  const subject = attribution(REACH);
  const trace = ["GET sha256:only", "GET sha256:only"].map((text) => note(text));
  expect(await count(subject, ...trace)).toEqual(["GET v2", "GET v2"]);
  expect(await count(subject, note("GET sha256:both"))).toEqual(["GET -"]);
  expect(await count(subject, note("GET sha256:unknown", 5000))).toEqual(["GET -"]);
});

test("of several tags the one that was asked for last counts, within an hour", async () => {
  const subject = attribution(REACH);
  await count(subject, note("HEAD v2", 1000), note("HEAD v1", 1001));
  expect(await count(subject, note("GET sha256:both", 1002))).toEqual(["GET v1"]);
  expect(await count(subject, note("GET sha256:both", 5000))).toEqual(["GET -"]);
});

test("accounts do not explain each other's pulls", async () => {
  const subject = attribution(REACH);
  await count(subject, note("HEAD v1", 1000, "alice"));
  expect(await count(subject, note("GET sha256:both", 1001, "bob"))).toEqual(["GET -"]);
});
