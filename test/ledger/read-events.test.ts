// What is read of a registry's notifications, and what of them is not believed.
import { describe, expect, test } from "@jest/globals";
import { EVENTS_MAX, readEvents, REFERENCES_MAX } from "../../src/ledger/read-events.js";
import { parseInstant } from "../../src/ledger/parse-instant.js";
import { digestOf, IMAGE_TYPE, INDEX_TYPE } from "../support/ledger-site.js";

const TIME = "2026-11-21T18:52:46.123456789Z";
const AT = 1_795_287_166_123_456;

/** As registry 2.8 sends it, with members changed. */
function event(change: object = {}, target: object = {}): object {
  return {
    id: "5d8f0a52-1",
    timestamp: TIME,
    action: "push",
    target: {
      mediaType: IMAGE_TYPE,
      size: 500,
      digest: digestOf("a"),
      length: 500,
      repository: "team/app",
      url: "http://localhost:5000/v2/team/app/manifests/x",
      tag: "v1",
      ...target,
    },
    request: {
      id: "6",
      addr: "192.0.2.1:4000",
      host: "localhost:5000",
      method: "PUT",
      useragent: "docker/20.10",
    },
    actor: { name: "alice" },
    source: { addr: "registry:5000", instanceID: "one" },
    ...change,
  };
}

const read = (...events: readonly unknown[]) => readEvents({ events }, "registry");
const actOf = (one: unknown) => read(one)?.events[0]?.act;
const countsOf = (...events: readonly unknown[]) => {
  const answer = read(...events);
  return [answer?.events.length, answer?.ignored, answer?.broken];
};

describe("a registry's notifications", () => {
  test("a push of a manifest is read with tag, size, time to the microsecond and who", () => {
    expect(read(event())).toEqual({
      events: [
        {
          id: "5d8f0a52-1",
          instance: "one",
          act: {
            kind: "push",
            service: "registry",
            repository: "team/app",
            at: AT,
            actor: "alice",
            address: "192.0.2.1",
            tag: "v1",
            manifest: {
              digest: digestOf("a"),
              mediaType: IMAGE_TYPE,
              size: 500,
              references: null,
              created: null,
            },
          },
        },
      ],
      ignored: 0,
      broken: 0,
    });
  });

  test("references are read where the registry includes them; one that is wrong leaves all unknown", () => {
    const child = { digest: digestOf("b"), mediaType: IMAGE_TYPE, size: 7 };
    const referencesOf = (references: unknown): unknown => {
      const act = actOf(event({}, { mediaType: INDEX_TYPE, references }));
      return act?.kind === "push" ? act.manifest.references : undefined;
    };
    expect(referencesOf([child])).toEqual([child]);
    expect(referencesOf([{ digest: digestOf("b"), platform: {} }])).toEqual([
      { digest: digestOf("b"), mediaType: "", size: null },
    ]);
    expect(referencesOf([child, { ...child, digest: "sha256:x" }])).toBeNull();
    expect(referencesOf(new Array(REFERENCES_MAX + 1).fill(child))).toBeNull();
    expect(referencesOf("all")).toBeNull();
  });

  test("a delete is read with its digest or its tag, a pull with its method", () => {
    const none = { mediaType: undefined, size: undefined, length: undefined };
    expect(actOf(event({ action: "delete" }, { ...none, tag: undefined }))).toMatchObject({
      kind: "delete-manifest",
      digest: digestOf("a"),
    });
    expect(actOf(event({ action: "delete" }, { ...none, digest: undefined }))).toMatchObject({
      kind: "delete-tag",
      tag: "v1",
    });
    const pull = { action: "pull", request: { method: "HEAD" }, actor: {} };
    expect(actOf(event(pull, { tag: undefined }))).toMatchObject({
      kind: "pull",
      method: "HEAD",
      tag: null,
      actor: "",
      address: "",
    });
  });

  test("G04: layers, mounts, unknown actions and our own pulls are ignored", () => {
    const layer = { mediaType: "application/octet-stream" };
    const own = { action: "pull", request: { method: "GET" }, actor: { name: "@dockwarden" } };
    expect(
      countsOf(
        event({}, layer),
        event({ action: "pull" }, layer),
        event({ action: "mount", fromRepository: "x" }, layer),
        event({ action: "explode" }),
        event({ action: 7 }),
        event(own),
        {},
        null,
        [],
      ),
    ).toEqual([0, 9, 0]);
    expect(readEvents({ events: [], more: 1 }, "registry")).toEqual({
      events: [],
      ignored: 0,
      broken: 0,
    });
    expect(countsOf(event({ more: { deep: [1] }, actor: undefined, source: null }))).toEqual([
      1, 0, 0,
    ]);
  });

  test.each([
    ["a way out", {}, { repository: "../../etc" }],
    ["line ends", {}, { repository: "a\r\nb" }],
    ["an escape", {}, { repository: "a\u001b[31mb" }],
    ["capitals", {}, { repository: "Team" }],
    ["no repository", {}, { repository: undefined }],
    ["an endless tag", {}, { tag: "x".repeat(1_000_000) }],
    ["a tag that is none", {}, { tag: "../x" }],
    ["a digest that is none", {}, { digest: "sha256:abc" }],
    ["no digest", {}, { digest: undefined }],
    ["a digest that is a number", {}, { digest: 7 }],
    ["marks of direction", { actor: { name: "a\u202eb" } }, {}],
    ["an actor that is no text", { actor: { name: {} } }, {}],
    ["half a character", { id: "a\ud800" }, {}],
    ["no id", { id: undefined }, {}],
    ["an empty id", { id: "" }, {}],
    ["a time that is none", { timestamp: "yesterday" }, {}],
    ["a day that is none", { timestamp: "2026-02-30T00:00:00Z" }, {}],
  ])("G06: %s makes an event broken, and only that one", (_what, change, target) => {
    expect(countsOf(event(change, target), event())).toEqual([1, 0, 1]);
  });

  test("G06: a member __proto__ is one like any other", () => {
    const body: unknown = JSON.parse(
      `{"events":[{"__proto__":{"action":"push"},"id":"x"}],"__proto__":{"events":[]}}`,
    );
    expect(readEvents(body, "registry")).toEqual({ events: [], ignored: 1, broken: 0 });
  });

  test.each([
    ["[2001:db8::1]:4000", "2001:db8::1"],
    ["2001:db8::1", "2001:db8::1"],
    ["192.0.2.1", "192.0.2.1"],
    ["[::1]", "::1"],
    ["", ""],
  ])("of the address %j the record is %j: connections are not told apart", (addr, address) => {
    expect(actOf(event({ request: { addr } }))).toMatchObject({ address });
  });

  test("what is no envelope is told apart from an empty one", () => {
    for (const body of [null, 7, "x", [], {}, { events: {} }, { events: "x" }]) {
      expect(readEvents(body, "registry")).toBeNull();
    }
  });

  test("G02: a body of too many events is read so far, the rest counts as broken", () => {
    expect(countsOf(...new Array<object>(EVENTS_MAX + 3).fill(event()))).toEqual([
      EVENTS_MAX,
      0,
      3,
    ]);
  });
});

test.each([
  ["1970-01-01T00:00:00Z", 0],
  ["2026-11-21T18:52:46Z", 1_795_287_166_000_000],
  [TIME, AT],
  ["2026-11-21T20:52:46.5+02:00", 1_795_287_166_500_000],
  ["2026-11-21T16:22:46.000001-02:30", 1_795_287_166_000_001],
  ["2024-02-29T00:00:00z", 1_709_164_800_000_000],
])("%s is a time", (text, at) => {
  expect(parseInstant(text)).toBe(at);
});

test.each([
  "",
  "2026-11-21",
  "2026-11-21 18:52:46Z",
  "2026-11-21T18:52:46",
  "2026-13-01T00:00:00Z",
  "2025-02-29T00:00:00Z",
  "2026-01-01T24:00:00Z",
  "1969-12-31T23:59:59Z",
  "0001-01-01T00:00:00Z",
  "2026-11-21T18:52:46.1234567890Z",
])("%j is no time", (text) => {
  expect(parseInstant(text)).toBeNull();
});
