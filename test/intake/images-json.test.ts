// JSON catalogues of images into a stated policy: who gets what, what stays shut, and tags folded into their repository.
import { expect, test } from "@jest/globals";
import { readImagesJson } from "../../src/intake/images-json.js";
import { knownWith, lines } from "./known.js";

const KNOWN = knownWith("admin", "developer", "user3");
const DIGEST = `sha256:${"a".repeat(64)}`;
const read = (text: string, order: { service?: string; foldsTags?: boolean } = {}) =>
  readImagesJson(
    text,
    { service: order.service ?? null, foldsTags: order.foldsTags === true },
    KNOWN,
  );
/** `telechat:a exclusive developer,admin`, an entry each. */
const told = ({ stated }: ReturnType<typeof read>) =>
  stated.images?.map(({ pattern, isExclusive, grants }) =>
    [
      pattern.tag === null ? pattern.repository : `${pattern.repository}:${pattern.tag}`,
      isExclusive === true ? "exclusive" : "open",
      grants.map(({ subject }) => ("name" in subject ? subject.name : `@${subject.kind}`)).join(),
    ].join(" "),
  );

test("an entry of the appendix is exclusive, with all actions for its users and its facts", () => {
  const intake = read(
    `{"telechat:7b-fp16": {"name": "telechat", "tag": "7b-fp16", "digest": "${DIGEST}", "created": "2024-12-05T12:00:00Z", "size": 14000000000, "allowed_users": ["Developer", "admin"]}}`,
    { service: "second" },
  );
  const grant = (name: string) => ({
    subject: { kind: "account", name },
    actions: ["pull", "push", "delete"],
    expiresAt: null,
  });
  expect(intake).toEqual({
    stated: {
      accounts: null,
      groups: null,
      images: [
        {
          pattern: { service: "second", repository: "telechat", tag: "7b-fp16" },
          isExclusive: true,
          facts: { digest: DIGEST, created: "2024-12-05T12:00:00Z", size: 14_000_000_000 },
          grants: [grant("developer"), grant("admin")],
          areAllGrants: true,
        },
      ],
    },
    faults: [],
    notes: [],
  });
});

test("empty allowed_users open an entry to every signed-in account, and are listed in capitals", () => {
  const intake = read('{"app":\n{"name": "app", "allowed_users": []}}');
  expect(told(intake)).toEqual(["app open @authenticated"]);
  expect(lines(intake.notes)).toEqual([expect.stringMatching(/^1: app: OPEN TO ALL: /)]);
});

test("unknown users are a fault each, on their own lines, and the entry stays exclusive without them", () => {
  const intake = read(
    '{"app": {"allowed_users": ["nosuch",\n"a b",\n"developer"]},\n"x": {"allowed_users": ["gone"]}}',
  );
  expect(told(intake)).toEqual(["app exclusive developer", "x exclusive "]);
  expect(lines(intake.faults)).toEqual([
    expect.stringMatching(/^1: allowed_users names an account that is not here \(nosuch\); /),
    expect.stringMatching(/^2: allowed_users names an account that is not here; /),
    expect.stringMatching(/^4: allowed_users names an account that is not here \(gone\); /),
  ]);
  expect(lines(intake.notes)).toEqual(["4: x is for nobody but admins"]);
});

test.each([
  ["missing allowed_users", '{"app": {}}', /^1: allowed_users is missing/],
  ["allowed_users as a text", '{"app": {"allowed_users": "all"}}', /^1: allowed_users is a list/],
  ["null instead of a list", '{"app": {"allowed_users": null}}', /^1: allowed_users is a list/],
  ["a number among them", '{"app": {"allowed_users": [7]}}', /^1: allowed_users is a list/],
  [
    "the entry twice",
    '{"app": {"allowed_users": []},\n"app": {"allowed_users": ["admin"]}}',
    /^2: the name of line 1 once more/,
  ],
  [
    "allowed_users twice",
    '{"app": {"allowed_users": [],\n"allowed_users": ["admin"]}}',
    /^2: the member of line 1 once more/,
  ],
])("%s is a fault, and the entry stays shut instead of open", (_what, text, reason) => {
  const intake = read(text);
  expect(told(intake)).toEqual(["app exclusive "]);
  expect(lines(intake.faults)).toEqual([expect.stringMatching(reason)]);
});

test.each([
  ["another tag", '{"app:a": {"name": "app", "tag": "b", "allowed_users": []}}', /name and tag/],
  [
    "no tag in the name",
    '{"app": {"name": "app", "tag": "b", "allowed_users": []}}',
    /name and tag/,
  ],
  ["a name that is a number", '{"app": {"name": 7, "allowed_users": []}}', /name is a text/],
  ["a pattern", '{"team/**": {"allowed_users": []}}', /is a pattern, not one image/],
  [
    "a host of elsewhere",
    '{"other.example:5000/app": {"allowed_users": []}}',
    /begins with a host/,
  ],
  ["capitals", '{"App": {"allowed_users": []}}', /did you mean app\?/],
  ["__proto__", '{"__proto__": {"allowed_users": []}}', /a repository has/],
  ["an entry that is a list", '{"app": []}', /an entry is an object/],
])("%s: which image is meant is not known, and the entry is left out", (_what, text, reason) => {
  const intake = read(text);
  expect(told(intake)).toEqual([]);
  expect(lines(intake.faults)).toEqual([expect.stringMatching(reason)]);
});

test.each([
  ["is no entry", '"app:secret": null'],
  [
    "has another tag in it",
    '"app:secret": {"name": "app", "tag": "b", "allowed_users": ["admin"]}',
  ],
  ["has another name outside", '"x:secret": {"name": "app", "allowed_users": ["admin"]}'],
  ["has no tag that can be", '"app:se cret": {"allowed_users": ["admin"]}'],
  ["has no name that can be", '"app:": {"name": "app", "allowed_users": ["admin"]}'],
])(
  "folded with an entry left out that %s, a repository is for nobody, never open",
  (_what, one) => {
    const text = `{"app:1": {"allowed_users": []},\n"lab:1": {"allowed_users": ["user3"]},\n${one}}`;
    const intake = read(text, { foldsTags: true });
    expect(told(intake)).toEqual(["app exclusive ", "lab exclusive user3"]);
    expect(new Set(intake.faults.map(({ line }) => line))).toEqual(new Set([3]));
    expect(lines(intake.notes)).toContainEqual(expect.stringMatching(/^1: app stays shut: /));
  },
);

test("this registry's own host is cut off, and an image that stands there twice is a fault and shut", () => {
  const intake = read(
    '{"localhost:5001/app": {"allowed_users": []},\n"app": {"allowed_users": []}}',
  );
  expect(told(intake)).toEqual(["app exclusive "]);
  expect(lines(intake.faults)).toEqual([
    expect.stringMatching(/^2: the image of line 1 once more/),
  ]);
  expect(lines(intake.notes)[0]).toMatch(/^1: localhost:5001\/ is this registry's own host/);
});

test.each([
  '"digest": "sha256:abc"',
  `"digest": "SHA256:${"a".repeat(64)}"`,
  `"digest": "sha512:${"a".repeat(128)}"`,
  '"digest": 7',
  '"size": -1',
  '"size": 1.5',
  '"size": "7"',
  '"size": 1e30',
  '"size": []',
  '"created": "yesterday"',
  '"created": "2024-12-05"',
  '"created": "2024-12-05T24:00:00Z"',
  '"created": "2023-02-29T12:00:00Z"',
  '"created": "2024-12-05T12:00:00"',
])("%s is a fault, and only that fact is left out", (member) => {
  const intake = read(`{"app": {"allowed_users": ["admin"],\n${member}}}`);
  expect(told(intake)).toEqual(["app exclusive admin"]);
  expect(intake.stated.images?.[0]?.facts).toEqual({});
  expect(intake.faults.map(({ line }) => line)).toEqual([2]);
});

test("facts that are null or absent are not stated", () => {
  const intake = read('{"app": {"allowed_users": ["admin"], "digest": null, "size": 0}}');
  expect(intake.stated.images?.[0]?.facts).toEqual({ size: 0 });
  expect(intake.faults).toEqual([]);
});

const entry = (image: string, ...users: string[]) =>
  `"${image}": {"allowed_users": ${JSON.stringify(users)}, "size": 1}`;
const fold = (...entries: string[]) => read(`{${entries.join(",\n")}}`, { foldsTags: true });

test("folding leaves a repository to those who may use all its tags, and says who loses which", () => {
  const intake = fold(
    entry("app:a", "developer", "admin"),
    entry("other", "user3"),
    entry("app:b", "admin", "user3"),
    entry("app:c", "admin"),
  );
  expect(told(intake)).toEqual(["app exclusive admin", "other exclusive user3"]);
  expect(intake.stated.images?.map(({ facts }) => facts)).toEqual([{}, { size: 1 }]);
  expect(lines(intake.notes)).toEqual([
    "1: app: by folding its tags developer loses a",
    "1: app: by folding its tags user3 loses b",
  ]);
});

test("a tag that is open to all narrows nothing, and who loses it is said", () => {
  const intake = fold(entry("app:a"), entry("app:b", "admin"), entry("app:c", "admin", "user3"));
  expect(told(intake)).toEqual(["app exclusive admin"]);
  expect(lines(intake.notes)).toEqual([
    "1: app: by folding its tags user3 loses a, c",
    "1: app: by folding its tags everybody else loses a",
  ]);
});

test("a repository is open only where all its tags are", () => {
  const intake = fold(entry("app:a"), entry("app:b"));
  expect(told(intake)).toEqual(["app open @authenticated"]);
  expect(lines(intake.notes)).toEqual([expect.stringMatching(/^1: app: OPEN TO ALL/)]);
});

test("tags without one common user fold into a repository for nobody, which is said", () => {
  const intake = fold(entry("app:a", "developer"), entry("app:b", "user3"));
  expect(told(intake)).toEqual(["app exclusive "]);
  expect(lines(intake.notes).at(-1)).toBe("1: app is for nobody but admins");
});

test("an entry for the whole repository counts as one more of its tags", () => {
  const intake = fold(entry("app", "admin", "user3"), entry("app:b", "admin"));
  expect(told(intake)).toEqual(["app exclusive admin"]);
  expect(lines(intake.notes)).toEqual(["1: app: by folding its tags user3 loses the rest"]);
});

test("10,000 entries are read and folded", () => {
  const entries = Array.from({ length: 10_000 }, (_, index) =>
    entry(`team/app-${index % 100}:v${index}`, "developer", "admin"),
  );
  expect(told(fold(...entries))).toHaveLength(100);
});
