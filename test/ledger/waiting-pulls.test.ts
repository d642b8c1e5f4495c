// Waiting pulls: no count is lost by joining, and none is joined that stands for something else.
import { expect, test } from "@jest/globals";
import { UNKNOWN_REACH, type PullNote } from "../../src/domain/ledger.js";
import { PullAttribution } from "../../src/ledger/attribute-pulls.js";
import { mergePulls, WaitingPulls } from "../../src/ledger/waiting-pulls.js";

const NOTE: PullNote = {
  service: "registry",
  repository: "team/app",
  tag: "v1",
  digest: null,
  account: "reader",
  method: "GET",
  at: 1_800_000_000,
};

function waiting(most: number, ...notes: readonly PullNote[]): WaitingPulls {
  const pulls = new WaitingPulls(most);
  for (const note of notes) pulls.add(note);
  return pulls;
}

test("equal pulls of one account in one second are one with their number", () => {
  const pulls = waiting(10, NOTE, NOTE, NOTE);
  expect(pulls.take(10)).toEqual([{ ...NOTE, count: 3 }]);
  expect(pulls.count).toBe(0);
});

test("another account between them does not keep them apart", () => {
  const other = { ...NOTE, account: "ci" };
  const pulls = waiting(10, NOTE, other, NOTE, other);
  expect(pulls.take(10)).toEqual([
    { ...NOTE, count: 2 },
    { ...other, count: 2 },
  ]);
});

test("what the account did between them keeps them apart, in their order", () => {
  const look: PullNote = { ...NOTE, method: "HEAD" };
  expect(waiting(10, NOTE, look, NOTE).take(10)).toEqual([NOTE, look, NOTE]);
});

test.each<readonly [string, Partial<PullNote>]>([
  ["tag", { tag: "v2" }],
  ["digest", { tag: null, digest: "sha256:a" }],
  ["method", { method: "HEAD" }],
  ["repository", { repository: "team/b" }],
  ["service", { service: "other" }],
  ["second", { at: NOTE.at + 1 }],
])("pulls of another %s are not joined", (_what, change) => {
  expect(waiting(10, NOTE, { ...NOTE, ...change }).count).toBe(2);
});

test("a full queue takes repeats, and nothing else", () => {
  const pulls = waiting(1, NOTE);
  expect(pulls.add({ ...NOTE, account: "ci" })).toBe("full");
  expect(pulls.add(NOTE)).toBe("again");
  expect(pulls.take(10)).toEqual([{ ...NOTE, count: 2 }]);
});

test("what was taken is not changed by what comes later", () => {
  const pulls = waiting(10, NOTE);
  const taken = pulls.take(10);
  pulls.add(NOTE);
  expect(taken).toEqual([NOTE]);
  expect(pulls.take(10)).toEqual([NOTE]);
});

test("pulls that waited for minutes count as they would have at once", async () => {
  const digest = (name: string, seconds: number): PullNote => ({
    ...NOTE,
    tag: null,
    digest: name,
    at: NOTE.at + seconds,
  });
  // An index, what it lists for the platform, and that alone again two minutes later.
  const notes = [digest("index", 0), digest("platform", 1), digest("platform", 120)];
  const ledger = { findReach: () => Promise.resolve(UNKNOWN_REACH) };
  const atOnce = new PullAttribution();
  const counted = [];
  for (const note of notes) counted.push(...(await atOnce.attribute([note], ledger)));
  const waited = waiting(10, ...notes).take(10);
  const later = await new PullAttribution().attribute(waited, ledger);
  expect(mergePulls(later)).toEqual(mergePulls(counted));
});

test("pulls that count in the same row are written as one", () => {
  const byDigest = { ...NOTE, digest: "sha256:a", at: NOTE.at + 9 };
  const head: PullNote = { ...NOTE, method: "HEAD" };
  expect(mergePulls([{ ...NOTE, count: 4 }, head, byDigest])).toEqual([
    head,
    { ...NOTE, at: NOTE.at + 9, count: 5 },
  ]);
});
