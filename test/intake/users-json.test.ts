// JSON catalogues of users into a stated policy: what an entry may be, where its hash may stand, what is refused.
import { expect, test } from "@jest/globals";
import { readUsersJson } from "../../src/intake/users-json.js";
import { BCRYPT, hashes, knownWith, lines } from "./known.js";

const read = (text: string, htpasswd: string | null = null, ...present: string[]) =>
  readUsersJson(text, { htpasswd }, knownWith(...present));
const one = (members: string) => read(`{"developer": {${members}}}`);
const namesOf = ({ stated }: ReturnType<typeof read>) => stated.accounts?.map(({ name }) => name);

const APPENDIX =
  '{"developer": {"username": "developer", "password_hash": "htpasswd", "permissions": ["view", "pull", "push"], "email": "developer@example.com"}}';

test("the catalogue of the appendix takes its hash out of the htpasswd file beside it", () => {
  const intake = read(APPENDIX, `# beside\nDeveloper:${BCRYPT}\n`);
  expect(intake).toEqual({
    stated: {
      accounts: [
        {
          name: "developer",
          kind: "user",
          permissions: ["view", "pull", "push"],
          email: "developer@example.com",
          password: { hash: BCRYPT, origin: hashes.originOf(BCRYPT) },
        },
      ],
      groups: null,
      images: null,
    },
    faults: [],
    notes: [],
  });
});

test("a hash in the entry itself is taken, and absent members are not stated", () => {
  const { stated, faults } = one(`"password_hash": "${BCRYPT}"`);
  expect(faults).toEqual([]);
  expect(stated.accounts).toEqual([
    {
      name: "developer",
      kind: "user",
      password: { hash: BCRYPT, origin: hashes.originOf(BCRYPT) },
    },
  ]);
  expect(one('"email": null').stated.accounts).toEqual([
    { name: "developer", kind: "user", email: null },
  ]);
});

test.each([
  ["no htpasswd file", null, /name the file that holds the hash with --htpasswd FILE/],
  ["no such line in it", `other:${BCRYPT}`, /no line of the --htpasswd file is for this account/],
  ["a bad line in it", "developer\n", /1 lines could not be read \(the first: line 1, /],
  ["a hash in it that can't be used", "developer:{SHA}xyz", /in the htpasswd file the hash is SHA/],
])("a hash that stands elsewhere, but %s, is a fault", (_what, htpasswd, reason) => {
  const intake = read(APPENDIX, htpasswd);
  expect(namesOf(intake)).toEqual([]);
  expect(lines(intake.faults)).toEqual([expect.stringMatching(reason)]);
});

test.each([
  ["a name outside the grammar", '{"a b": {}}', /^1: the entry's name can't be one here/],
  ["__proto__ as a name", '{"__proto__": {}}', /^1: the entry's name can't be one here/],
  ["another username", '{"a": {\n"username": "b"}}', /^2: username differs/],
  ["a username that is a number", '{"a": {"username": 7}}', /^1: username is a text/],
  ["an entry that is a text", '{"a":\n"b"}', /^1: an entry is an object/],
  ["permissions as a text", '{"a": {"permissions": "pull"}}', /^1: permissions is a list/],
  [
    "a permission that is none",
    '{"a": {"permissions": ["pull",\n"fly"]}}',
    /^2: permissions holds/,
  ],
  ["a permission in capitals", '{"a": {"permissions": ["Pull"]}}', /^1: permissions holds/],
  ["a hash that is a number", '{"a": {"password_hash": 1}}', /^1: password_hash is a text/],
  ["L07: a plain password", '{"a": {"password_hash": "hunter2"}}', /plain password; make it anew/],
  ["an email of two lines", '{"a": {"email": "a\\nb"}}', /^1: email: one line/],
  ["a member twice", '{"a": {"email": "x",\n"email": "y"}}', /^2: the member of line 1 once more/],
  ["an entry twice", '{"b": {},\n"b": {}}', /^2: the name of line 1 once more/],
  ["an account twice", '{"b": {},\n"B": {}}', /^2: the account of line 1 once more/],
  ["the name of a robot", '{"ci": {}}', /^1: a robot has that name/],
])("%s is a fault, and the entry is left out", (_what, text, reason) => {
  const intake = read(text, null, "ci:robot");
  expect(namesOf(intake)?.filter((name) => name !== "b")).toEqual([]);
  expect(lines(intake.faults)).toEqual([expect.stringMatching(reason)]);
  expect(lines(intake.faults).join()).not.toMatch(/hunter2|fly/);
});

test.each([
  ["a list", "[]", "1: one object is wanted"],
  ["an entry that is cut off", '{"a": {\n"email"', "2: not JSON: "],
])("%s is no catalogue: no section at all is stated", (_what, text, reason) => {
  const intake = read(text);
  expect(intake.stated).toEqual({ accounts: null, groups: null, images: null });
  expect(lines(intake.faults)).toEqual([expect.stringContaining(reason)]);
});

test("members that are not known are noted once a name, __proto__ among them", () => {
  const intake = read('{"a": {"__proto__": {"email": "x"},\n"team": 1}, "b": {"team": 2}}');
  expect(intake.faults).toEqual([]);
  expect(intake.stated.accounts).toEqual([
    { name: "a", kind: "user" },
    { name: "b", kind: "user" },
  ]);
  expect(lines(intake.notes)).toEqual([
    '1: "__proto__" is no member known here and was passed over',
    '2: "team" is no member known here and was passed over (in 2 entries)',
  ]);
});

test("10,000 users whose hashes stand in a file beside them are read", () => {
  const names = Array.from({ length: 10_000 }, (_, index) => `user-${index}`);
  const entries = names.map((name) => `"${name}": {"password_hash": "htpasswd"}`);
  const htpasswd = names.map((name) => `${name}:${BCRYPT}`).join("\n");
  const intake = read(`{${entries.join(",\n")}}`, htpasswd);
  expect(intake.faults).toEqual([]);
  expect(intake.stated.accounts).toHaveLength(10_000);
});
