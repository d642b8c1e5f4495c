// The gate's decision: who may read, write and delete which tag and which digest.
import { describe, expect, test } from "@jest/globals";
import { askGate, type Judged } from "../../src/gate/ask-gate.js";
import { readProxiedRequest } from "../../src/gate/proxied-request.js";
import { StoreUnavailable } from "../../src/domain/ports.js";
import type { GrantedImage } from "../../src/domain/image.js";
import {
  digest,
  fakeGate,
  gateAccount,
  gateToken,
  NOW,
  type FakeGate,
} from "../support/fake-gate.js";
import { exclusive, OFF, open } from "../support/policy.js";

const ALICE = gateAccount("alice", "view,pull,push");
const BOB = gateAccount("bob", "view,pull");
const CAROL = gateAccount("carol", "view,pull,push,delete");
const ROOT = gateAccount("root", "view,pull,push,delete,admin");
const [A, B, C, D] = ["a", "b", "c", "d"].map(digest) as [string, string, string, string];
const PEOPLE = { alice: ALICE, bob: BOB, carol: CAROL, root: ROOT, nobody: null };
type Person = keyof typeof PEOPLE;

/** The model team's repository: one tag for two, one for admins, one for everybody who signed in. */
function modelTeam(): GrantedImage[] {
  return [
    exclusive("app:7b-fp16", { alice: "pull,push", carol: "pull,push,delete" }),
    exclusive("app:12b-fp16", {}),
    open("app:7b-int4", { "@authenticated": "pull" }),
  ];
}

function site(images: GrantedImage[] = modelTeam()): FakeGate {
  const gate = fakeGate([ALICE, BOB, CAROL, ROOT], images);
  gate.ledger.tags.set("7b-fp16", A).set("12b-fp16", B).set("7b-int4", C);
  gate.registry.tags = new Map(gate.ledger.tags);
  return gate;
}

async function ask(
  gate: FakeGate,
  person: Person,
  method: string,
  path: string,
): Promise<Judged["answer"] | { readonly kind: "pass" }> {
  const authorization = [`Bearer ${gateToken(PEOPLE[person])}`];
  const request = readProxiedRequest({ method, uri: `/v2/${path}`, contentTypes: [] });
  if (!request.ok) throw new Error(`${method} ${path} was not to be refused at once`);
  const asked = { request: request.value, service: null, isKnownAgain: false };
  const judged = await askGate(asked, authorization, gate.context);
  if (!judged.ok) throw new Error(`${person}'s token was not to be refused`);
  return judged.value === "pass" ? { kind: "pass" } : judged.value.answer;
}

async function verdict(
  gate: FakeGate,
  person: Person,
  method: string,
  path: string,
): Promise<string> {
  const answer = await ask(gate, person, method, path);
  return answer.kind === "denied" ? answer.denial.reason : answer.kind;
}

describe("reading by tag", () => {
  test.each([
    ["alice", "7b-fp16", "pass"],
    ["carol", "7b-fp16", "pass"],
    ["bob", "7b-fp16", "not-allowed"],
    ["alice", "12b-fp16", "not-allowed"],
    ["root", "12b-fp16", "pass"],
    ["bob", "7b-int4", "pass"],
    ["nobody", "7b-int4", "not-allowed"],
    ["bob", "other", "not-allowed"],
  ] as const)("%s and %s: %s", async (person, tag, expected) => {
    for (const method of ["GET", "HEAD"]) {
      expect(await verdict(site(), person, method, `app/manifests/${tag}`)).toBe(expected);
    }
  });

  test("no rule for tags needs no ledger", async () => {
    const gate = site([open("app", { bob: "pull" })]);
    expect(await verdict(gate, "bob", "GET", `app/manifests/${D}`)).toBe("pass");
    expect(await verdict(gate, "bob", "GET", `app/blobs/${D}`)).toBe("pass");
    expect(gate.ledger.reads).toBe(0);
  });

  test("without a gate in the rules the repository decides", async () => {
    const images = [open("app", { bob: "pull" }), exclusive("app:prod", { alice: "pull" })];
    const gate = fakeGate([ALICE, BOB], images, { policy: OFF });
    expect(await verdict(gate, "bob", "GET", "app/manifests/prod")).toBe("not-allowed");
    expect(await verdict(gate, "bob", "GET", "app/manifests/dev")).toBe("not-allowed");
  });
});

describe("reading by digest", () => {
  test("goes by the tags that reach it", async () => {
    const gate = site();
    expect(await verdict(gate, "alice", "GET", `app/manifests/${A}`)).toBe("pass");
    expect(await verdict(gate, "bob", "GET", `app/manifests/${A}`)).toBe("digest-not-allowed");
    expect(await verdict(gate, "bob", "GET", `app/manifests/${C}`)).toBe("pass");
    expect(await verdict(gate, "alice", "GET", `app/manifests/${B}`)).toBe("digest-not-allowed");
    expect(await verdict(gate, "root", "GET", `app/manifests/${B}`)).toBe("pass");
    expect(await verdict(gate, "bob", "GET", `app/referrers/${A}`)).toBe("digest-not-allowed");
  });

  test("goes through an index to its tag", async () => {
    const gate = site();
    gate.ledger.children.set(A, [D]);
    expect(await verdict(gate, "alice", "GET", `app/manifests/${D}`)).toBe("pass");
    expect(await verdict(gate, "bob", "GET", `app/manifests/${D}`)).toBe("digest-not-allowed");
  });

  test("one allowed tag of several is enough", async () => {
    const gate = site();
    gate.ledger.tags.set("7b-int4", A);
    expect(await verdict(gate, "bob", "GET", `app/manifests/${A}`)).toBe("pass");
  });

  test("tags that reached it once decide only while none reaches it now", async () => {
    const gate = site();
    gate.ledger.known.add(D);
    gate.ledger.pastTags.set(D, ["7b-int4"]);
    expect(await verdict(gate, "bob", "GET", `app/manifests/${D}`)).toBe("pass");
    gate.ledger.tags.set("12b-fp16", D);
    expect(await verdict(gate, "bob", "GET", `app/manifests/${D}`)).toBe("digest-not-allowed");
  });

  test("who pushed it may read it until a tag decides", async () => {
    const gate = site();
    gate.ledger.known.add(D);
    gate.ledger.pushedBy.set(D, "alice");
    expect(await verdict(gate, "alice", "GET", `app/manifests/${D}`)).toBe("pass");
    gate.ledger.tags.set("12b-fp16", D);
    expect(await verdict(gate, "alice", "GET", `app/manifests/${D}`)).toBe("digest-not-allowed");
  });

  test("an unknown one waits for its notification", async () => {
    const gate = site();
    gate.ledger.changes.push(
      () => undefined,
      () => void gate.ledger.tags.set("7b-int4", D),
    );
    expect(await verdict(gate, "bob", "GET", `app/manifests/${D}`)).toBe("pass");
    expect(gate.registry.readings).toBe(0);
  });

  test("an unknown one is looked for in the registry once, and refused where it stays unknown", async () => {
    const gate = site();
    gate.registry.teach = () => void gate.ledger.tags.set("7b-int4", D);
    expect(await verdict(gate, "bob", "GET", `app/manifests/${D}`)).toBe("pass");
    expect(gate.registry.readings).toBe(1);
    const other = site();
    expect(await verdict(other, "bob", "GET", `app/manifests/${D}`)).toBe("not-known-yet");
    expect(other.registry.readings).toBe(1);
    const down = site();
    down.registry.isDown = true;
    expect(await verdict(down, "bob", "GET", `app/manifests/${D}`)).toBe("not-known-yet");
  });

  test("a ledger that can't be read opens nothing, and hides no tag that was just asked for", async () => {
    const gate = site();
    gate.fault.ledger = new StoreUnavailable("failed", "the file is gone");
    expect(await verdict(gate, "alice", "HEAD", "app/manifests/7b-fp16")).toBe("pass");
    expect(await verdict(gate, "alice", "GET", `app/manifests/${A}`)).toBe("pass");
    expect(await verdict(gate, "alice", "GET", `app/manifests/${B}`)).toBe("not-known-yet");
    await expect(verdict(gate, "carol", "DELETE", `app/manifests/${A}`)).rejects.toThrow("gone");
  });

  test("J08: made-up digests make nobody read the registry over and over", async () => {
    const gate = site();
    for (const digit of ["1", "2", "3", "4"]) {
      const path = `app/manifests/${digest(digit)}`;
      expect(await verdict(gate, "bob", "GET", path)).toBe("not-known-yet");
    }
    expect(gate.registry.readings).toBe(1);
  });

  test("an unknown one passes for who may pull every tag", async () => {
    const gate = site();
    expect(await verdict(gate, "root", "GET", `app/manifests/${D}`)).toBe("pass");
    const plain = site([open("app", { bob: "pull" }), open("app:x", { alice: "pull" })]);
    expect(await verdict(plain, "bob", "GET", `app/manifests/${D}`)).toBe("pass");
    const walled = site([open("app", { bob: "pull" }), exclusive("app:x", { alice: "pull" })]);
    expect(await verdict(walled, "bob", "GET", `app/manifests/${D}`)).toBe("not-known-yet");
  });

  test("a tag that was just given to a known digest counts before its notification comes", async () => {
    const gate = site();
    gate.registry.tags?.set("7b-int4", B);
    expect(await verdict(gate, "bob", "HEAD", "app/manifests/7b-int4")).toBe("pass");
    expect(await verdict(gate, "bob", "GET", `app/manifests/${B}`)).toBe("pass");
    expect(await verdict(gate, "alice", "GET", `app/manifests/${B}`)).toBe("digest-not-allowed");
  });

  test("where the ledger is behind the registry in a tag just asked for, the repository is read anew", async () => {
    const gate = site();
    gate.ledger.children.set(B, [D]);
    gate.registry.tags?.set("7b-int4", digest("e"));
    gate.registry.teach = () => {
      gate.ledger.tags.set("7b-int4", digest("e"));
      gate.ledger.children.set(digest("e"), [D]);
    };
    expect(await verdict(gate, "bob", "HEAD", "app/manifests/7b-int4")).toBe("pass");
    expect(await verdict(gate, "bob", "GET", `app/manifests/${D}`)).toBe("pass");
  });

  test.each(["the ledger is locked", "the repository is too large"])(
    "where %s, the index that was just asked for by its tag tells itself what it names",
    async (why) => {
      const gate = site();
      const [index, image] = [digest("e"), digest("f")];
      const references = [{ digest: D, mediaType: "application/x", size: 1 }];
      const manifest = { size: 1, references, created: null };
      const mediaType = "application/vnd.oci.image.index.v1+json";
      gate.registry.tags?.set("7b-int4", index);
      gate.registry.manifests.set(index, { ...manifest, digest: index, mediaType });
      gate.registry.teach = () => {
        if (why.includes("locked")) throw new StoreUnavailable("busy", "locked");
      };
      gate.registry.isTooLarge = why.includes("large");
      const askFor = (who: Person, method: string, reference: string) =>
        verdict(gate, who, method, `app/manifests/${reference}`);
      expect(await askFor("bob", "HEAD", "7b-int4")).toBe("pass");
      expect(await askFor("bob", "GET", D)).toBe("pass");
      const oci = "application/vnd.oci.image.manifest.v1+json";
      gate.registry.tags?.set("7b-int4", image);
      gate.registry.manifests.set(image, { ...manifest, digest: image, mediaType: oci });
      expect(await askFor("bob", "GET", D).catch(() => "undecided")).not.toBe("pass");
    },
  );

  test("a known one that was promoted is found by one reading, and denied ones make no more of them", async () => {
    const gate = site();
    gate.registry.teach = () => void gate.ledger.tags.set("7b-int4", B);
    expect(await verdict(gate, "bob", "GET", `app/manifests/${B}`)).toBe("pass");
    const other = site();
    for (let i = 0; i < 3; i += 1) {
      expect(await verdict(other, "bob", "GET", `app/manifests/${B}`)).toBe("digest-not-allowed");
    }
    expect(other.registry.asked).toEqual([]);
    expect(other.registry.readings).toBe(1);
  });

  test("a tag among tens of thousands on one digest is found", async () => {
    const gate = site();
    for (let i = 0; i < 50_000; i += 1) gate.ledger.tags.set(`dev-${i}`, D);
    expect(await verdict(gate, "bob", "GET", `app/manifests/${D}`)).toBe("digest-not-allowed");
    gate.ledger.tags.set("7b-int4", D);
    expect(await verdict(gate, "bob", "GET", `app/manifests/${D}`)).toBe("pass");
  });

  test("layers follow the repository, or their digests where gate.blobs says so", async () => {
    expect(await verdict(site(), "bob", "GET", `app/blobs/${D}`)).toBe("pass");
    const gate = fakeGate([ALICE, BOB], modelTeam(), { decidesBlobs: true });
    gate.ledger.tags.set("7b-fp16", A);
    gate.ledger.children.set(A, [D]);
    expect(await verdict(gate, "bob", "GET", `app/blobs/${D}`)).toBe("digest-not-allowed");
    expect(await verdict(gate, "alice", "GET", `app/blobs/${D}`)).toBe("pass");
    expect(await verdict(gate, "alice", "HEAD", `app/blobs/${digest("9")}`)).toBe("pass");
  });
});

describe("writing", () => {
  test.each([
    ["alice", "PUT", "app/manifests/7b-fp16", "pass"],
    ["alice", "PUT", "app/manifests/12b-fp16", "not-allowed"],
    ["alice", "PUT", "app/manifests/7b-int4", "not-allowed"],
    ["bob", "PUT", "app/manifests/7b-int4", "not-allowed"],
    ["root", "PUT", "app/manifests/12b-fp16", "pass"],
    ["alice", "PUT", `app/manifests/${D}`, "pass"],
    ["alice", "PUT", `app/manifests/${D}?tag=7b-fp16`, "pass"],
    ["alice", "PUT", `app/manifests/${D}?tag=7b-fp16&tag=12b-fp16`, "not-allowed"],
    ["alice", "PUT", `app/manifests/7b-fp16?tag=12b-fp16`, "not-allowed"],
    ["bob", "PUT", `app/manifests/${D}`, "not-allowed"],
    ["alice", "HEAD", `app/manifests/${B}`, "pass"],
    ["alice", "HEAD", `app/blobs/${D}`, "pass"],
    ["alice", "POST", "app/blobs/uploads/", "pass"],
    ["alice", "PATCH", "app/blobs/uploads/1-2", "pass"],
    ["alice", "DELETE", "app/blobs/uploads/1-2", "pass"],
    ["bob", "POST", "app/blobs/uploads/", "not-allowed"],
    ["bob", "GET", "app/tags/list", "pass"],
    ["nobody", "GET", "app/tags/list", "not-allowed"],
    ["bob", "OPTIONS", "app/manifests/12b-fp16", "pass"],
  ] as const)("%s %s %s: %s", async (person, method, path, expected) => {
    expect(await verdict(site(), person, method, path)).toBe(expected);
  });

  test("a mount reads the other repository, and is refused as a registry would", async () => {
    const gate = site([
      ...modelTeam(),
      open("mine", { alice: "pull,push" }),
      open("base", { "@anonymous": "pull" }),
    ]);
    const mount = (from: string) => `mine/blobs/uploads/?mount=${D}&from=${from}`;
    expect(await ask(gate, "alice", "POST", mount("base"))).toEqual({ kind: "pass" });
    expect(await ask(gate, "alice", "POST", mount("app"))).toEqual({ kind: "pass" });
    expect(await ask(gate, "alice", "POST", mount("secret"))).toEqual({
      kind: "insufficient-scope",
      scope: "repository:mine:pull,push repository:secret:pull",
    });
    expect(await verdict(gate, "bob", "POST", mount("base"))).toBe("not-allowed");
  });

  test("with gate.blobs a mount is decided by the layer's tags", async () => {
    const images = [...modelTeam(), open("mine", { bob: "pull,push", alice: "pull,push" })];
    const pusher = gateAccount("bob", "view,pull,push");
    const gate = fakeGate([ALICE, pusher], images, { decidesBlobs: true });
    gate.ledger.tags.set("7b-fp16", A);
    gate.ledger.children.set(A, [D]);
    const path = `mine/blobs/uploads/?mount=${D}&from=app`;
    expect(await verdict(gate, "alice", "POST", path)).toBe("pass");
    expect(await verdict(gate, "bob", "POST", path)).toBe("insufficient-scope");
  });

  test("a signature follows the image that it belongs to", async () => {
    const gate = site();
    const signature = (of: string) => `app/manifests/sha256-${of.slice(7)}.sig`;
    expect(await verdict(gate, "alice", "PUT", signature(A))).toBe("pass");
    expect(await verdict(gate, "alice", "PUT", signature(B))).toBe("digest-not-allowed");
    expect(await verdict(gate, "alice", "PUT", signature(D))).toBe("not-known-yet");
    expect(await verdict(gate, "alice", "GET", signature(A))).toBe("pass");
    expect(await verdict(gate, "bob", "GET", signature(A))).toBe("digest-not-allowed");
    expect(await verdict(gate, "bob", "GET", signature(C))).toBe("pass");
    gate.ledger.tags.set(`sha256-${A.slice(7)}.sig`, D);
    expect(await verdict(gate, "alice", "GET", `app/manifests/${D}`)).toBe("pass");
    expect(await verdict(gate, "bob", "GET", `app/manifests/${D}`)).toBe("digest-not-allowed");
    expect(await verdict(gate, "carol", "DELETE", signature(A))).toBe("pass");
    expect(await verdict(gate, "carol", "DELETE", signature(B))).not.toBe("pass");
    expect(await verdict(gate, "carol", "DELETE", `app/manifests/${D}`)).toBe("pass");
    // Two tags share the image and so its signature: one of them is not enough.
    gate.ledger.tags.set("12b-fp16", A);
    expect(await verdict(gate, "alice", "PUT", signature(A))).toBe("digest-not-allowed");
    expect(await verdict(gate, "carol", "DELETE", `app/manifests/${D}`)).not.toBe("pass");
  });
});

describe("immutable tags", () => {
  const frozen = (): GrantedImage[] => [
    open("app", { carol: "pull,push,delete" }),
    { ...open("app:v*", {}), isImmutable: true },
  ];

  test.each(["carol", "root"] as const)("%s makes one once, and never again", async (person) => {
    const gate = site(frozen());
    expect(await verdict(gate, person, "PUT", "app/manifests/v1")).toBe("pass");
    gate.registry.tags?.set("v1", D);
    expect(await verdict(gate, person, "PUT", "app/manifests/v1")).toBe("immutable");
    expect(await verdict(gate, person, "PUT", `app/manifests/${D}?tag=v1`)).toBe("immutable");
    expect(await verdict(gate, person, "PUT", "app/manifests/latest")).toBe("pass");
    expect(await verdict(gate, person, "DELETE", "app/manifests/v1")).toBe("immutable");
    expect(await verdict(gate, person, "DELETE", `app/blobs/${D}`)).toBe("takes-others");
  });

  test("a digest that one reaches is not deleted, though the ledger has not heard of it", async () => {
    const gate = site(frozen());
    gate.registry.teach = () => void gate.ledger.tags.set("v1", D);
    expect(await verdict(gate, "root", "DELETE", `app/manifests/${D}`)).toBe("immutable");
    expect(await verdict(gate, "root", "DELETE", `app/manifests/${A}`)).toBe("pass");
  });

  test("of two first pushes one passes, and the other is refused once the tag is there", async () => {
    const gate = site(frozen());
    expect(await verdict(gate, "carol", "PUT", "app/manifests/v1")).toBe("pass");
    gate.ledger.changes.push(
      () => undefined,
      () => void gate.registry.tags?.set("v1", D),
    );
    expect(await verdict(gate, "root", "PUT", "app/manifests/v1")).toBe("immutable");
  });

  test("a first push that has failed does not stand in the way for ever", async () => {
    const gate = site(frozen());
    expect(await verdict(gate, "carol", "PUT", "app/manifests/v1")).toBe("pass");
    expect(await verdict(gate, "carol", "PUT", "app/manifests/v1")).toBe("pass");
    expect(gate.registry.asked.length).toBeGreaterThan(10);
  });

  test("a signature of an immutable image may be added and not be taken away", async () => {
    const gate = site(frozen());
    gate.ledger.tags.set("v1", D);
    const signature = `sha256-${D.slice(7)}.sig`;
    expect(await verdict(gate, "carol", "PUT", `app/manifests/${signature}`)).toBe("pass");
    expect(await verdict(gate, "root", "DELETE", `app/manifests/${signature}`)).toBe("immutable");
    gate.ledger.tags.set(signature, C);
    expect(await verdict(gate, "root", "DELETE", `app/manifests/${C}`)).toBe("immutable");
  });

  test("what can't be asked is refused", async () => {
    const gate = site(frozen());
    gate.registry.isDown = true;
    expect(await verdict(gate, "root", "PUT", "app/manifests/v2")).toBe("unchecked");
    expect(await verdict(gate, "root", "DELETE", `app/manifests/${D}`)).toBe("takes-others");
  });
});

describe("deleting by digest", () => {
  test("takes every tag: all of them must be the requester's to delete", async () => {
    const gate = site();
    expect(await verdict(gate, "carol", "DELETE", `app/manifests/${A}`)).toBe("pass");
    expect(await verdict(gate, "carol", "DELETE", `app/manifests/${B}`)).toBe("takes-others");
    gate.ledger.tags.set("12b-fp16", A);
    expect(await verdict(gate, "carol", "DELETE", `app/manifests/${A}`)).toBe("takes-others");
    expect(await verdict(gate, "root", "DELETE", `app/manifests/${A}`)).toBe("pass");
    expect(await verdict(gate, "alice", "DELETE", `app/manifests/${A}`)).toBe("not-allowed");
  });

  test("looks through indexes, tagged or not", async () => {
    const gate = site();
    gate.ledger.children.set(B, [A]);
    expect(await verdict(gate, "carol", "DELETE", `app/manifests/${A}`)).toBe("takes-others");
    const other = site();
    other.ledger.children.set(D, [A]);
    expect(await verdict(other, "carol", "DELETE", `app/manifests/${A}`)).toBe("takes-others");
  });

  test("reads the repository first, so that no lost notification hides a tag", async () => {
    const gate = site();
    gate.registry.teach = () => void gate.ledger.tags.set("12b-fp16", A);
    expect(await verdict(gate, "carol", "DELETE", `app/manifests/${A}`)).toBe("takes-others");
    const unaddressed = site();
    unaddressed.registry.tags = null;
    expect(await verdict(unaddressed, "carol", "DELETE", `app/manifests/${A}`)).toBe(
      "takes-others",
    );
  });

  test("without a tag its last ones decide", async () => {
    const gate = site();
    gate.ledger.known.add(D);
    expect(await verdict(gate, "carol", "DELETE", `app/manifests/${D}`)).toBe("takes-others");
    gate.ledger.pastTags.set(D, ["7b-fp16"]);
    expect(await verdict(gate, "carol", "DELETE", `app/manifests/${D}`)).toBe("pass");
  });
});

describe("what passed is noted", () => {
  test("reads of manifests by tag and digest, and nothing else", async () => {
    const gate = site();
    await ask(gate, "bob", "HEAD", "app/manifests/7b-int4");
    await ask(gate, "bob", "GET", `app/manifests/${C}`);
    await ask(gate, "bob", "GET", "app/manifests/12b-fp16");
    await ask(gate, "bob", "GET", `app/blobs/${D}`);
    await ask(gate, "alice", "PUT", "app/manifests/7b-fp16");
    const note = { service: "reg", repository: "app", account: "bob", at: NOW };
    expect(gate.ledger.pulls).toEqual([
      { ...note, tag: "7b-int4", digest: null, method: "HEAD" },
      { ...note, tag: null, digest: C, method: "GET" },
    ]);
  });
});
