// htpasswd files into a stated policy: what a line may be, what is refused, and that no fault repeats a line.
import { expect, test } from "@jest/globals";
import { NAME_RULE } from "../../src/domain/account.js";
import { readHtpasswd, type HtpasswdOrder } from "../../src/intake/htpasswd.js";
import { BCRYPT, knownWith, lines } from "./known.js";

const ORDER: HtpasswdOrder = { permissions: null, groups: [], keepsAccess: false };
const read = (text: string, order: Partial<HtpasswdOrder> = {}, ...present: string[]) =>
  readHtpasswd(text, { ...ORDER, ...order }, knownWith(...present));
const namesOf = ({ stated }: ReturnType<typeof read>) =>
  (stated.accounts ?? []).map(({ name }) => name);

test("a line states a user with the permissions that htpasswd gave and the origin of its hash", () => {
  const { stated, faults, notes } = read(`developer:${BCRYPT}\n`);
  expect(stated).toEqual({
    accounts: [
      {
        name: "developer",
        kind: "user",
        permissions: ["view", "pull", "push"],
        password: {
          hash: BCRYPT,
          // printf %s HASH | sha256sum
          origin: "sha256:3f91e0fc7e34f3eff441c4cbce56e0fe543811188e42b9c79c27e55c2aa36965",
        },
      },
    ],
    groups: null,
    images: null,
  });
  expect([faults, notes]).toEqual([[], []]);
});

test.each([
  ["comments and blank lines", `# us\n\n  \na:${BCRYPT}\n#b:${BCRYPT}\n`],
  ["line ends of Windows", `\r\na:${BCRYPT}\r\n`],
  ["line ends of old Macs", `#\ra:${BCRYPT}\r`],
  ["no line end at the end", `a:${BCRYPT}`],
  ["blanks around a line", `  a:${BCRYPT}\t\n`],
])("%s are fine", (_what, text) => {
  const intake = read(text);
  expect(namesOf(intake)).toEqual(["a"]);
  expect(intake.stated.accounts?.[0]?.password?.hash).toBe(BCRYPT);
  expect(intake.faults).toEqual([]);
});

test("capitals are folded, and said", () => {
  const intake = read(`Developer:${BCRYPT}`);
  expect(namesOf(intake)).toEqual(["developer"]);
  expect(lines(intake.notes)).toEqual(["1: capitals don't count here: the account is developer"]);
});

test("two lines for one account: the second is a fault that names the first", () => {
  const intake = read(`# \nalice:${BCRYPT}\nbob:${BCRYPT}\nALICE:${BCRYPT}\nalice:${BCRYPT}`);
  expect(namesOf(intake)).toEqual(["alice", "bob"]);
  expect(lines(intake.faults)).toEqual([
    "4: the account of line 2 once more (capitals don't count); leave one of the two lines out",
    "5: the account of line 2 once more (capitals don't count); leave one of the two lines out",
  ]);
});

const SECRET = "hunter2";
test.each([
  ["no colon", SECRET, "there is no colon"],
  ["an empty name", `:${BCRYPT}`, NAME_RULE],
  ["a name with a blank", `${SECRET} x:${BCRYPT}`, NAME_RULE],
  ["a name like a special subject", `@authenticated:${BCRYPT}`, NAME_RULE],
  ["a name with letters of elsewhere", `jürgen:${BCRYPT}`, NAME_RULE],
  ["a NUL in the name", `a\0b:${BCRYPT}`, NAME_RULE],
  ["a name of 10 MB", `${"a".repeat(10_000_000)}:${BCRYPT}`, NAME_RULE],
  ["no hash", "a:", "there is no hash"],
  ["a NUL behind the hash", `a:${BCRYPT}\0`, "damaged"],
  ["something behind the hash", `a:${BCRYPT}:${SECRET}`, "damaged"],
  ["L07: Apache's MD5", "a:$apr1$P7G21Y7P$F6kSp4coPimCm1MlMFROj1", "MD5 ($apr1$)"],
  ["L07: SHA", "a:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=", "the hash is SHA"],
  ["L07: crypt", "a:rqXexS6ZhobKA", "an old crypt hash or a plain password"],
  ["L07: a plain password", `a:${SECRET}`, "an old crypt hash or a plain password"],
  ["L07: bcrypt of cost 31", `a:${BCRYPT.replace("$04$", "$31$")}`, "a cost above 14"],
  ["L07: the faulty kind of bcrypt", `a:${BCRYPT.replace("$2y$", "$2x$")}`, "$2x$"],
  ["L07: a hash of 10 MB", `a:$2y$04$${"a".repeat(10_000_000)}`, "damaged"],
])("L06: %s is a fault with its line, which repeats nothing of it", (_what, line, reason) => {
  const intake = read(`# first\n${line}\nb:${BCRYPT}\n`);
  expect(namesOf(intake)).toEqual(["b"]);
  expect(lines(intake.faults)).toEqual([expect.stringMatching(/^2: .*; |^2: the name/)]);
  expect(intake.faults[0]?.message).toContain(reason);
  expect(intake.faults[0]?.message).not.toContain(SECRET);
  expect(intake.faults[0]?.message.length).toBeLessThan(300);
});

test("__proto__ is no name, and toString is one like others", () => {
  const intake = read(`__proto__:${BCRYPT}\ntoString:${BCRYPT}\nconstructor:${BCRYPT}`);
  expect(namesOf(intake)).toEqual(["tostring", "constructor"]);
  expect(lines(intake.faults)).toEqual([expect.stringMatching(/^1: the name/)]);
});

test("an account that is there keeps its permissions, unless they are named", () => {
  const text = `admin:${BCRYPT}\nnew:${BCRYPT}`;
  const permissionsOf = (intake: ReturnType<typeof read>) =>
    intake.stated.accounts?.map(({ permissions }) => permissions);
  expect(permissionsOf(read(text, {}, "admin"))).toEqual([undefined, ["view", "pull", "push"]]);
  const named = read(text, { permissions: ["pull"] }, "admin");
  expect(permissionsOf(named)).toEqual([["pull"], ["pull"]]);
});

test("a line with the name of a robot is a fault", () => {
  const intake = read(`a:${BCRYPT}\nci:${BCRYPT}`, {}, "ci:robot");
  expect(namesOf(intake)).toEqual(["a"]);
  expect(lines(intake.faults)).toEqual([expect.stringMatching(/^2: a robot has that name/)]);
});

test("those who are taken join the groups, and access as before is one open entry", () => {
  const { stated } = read(`a:${BCRYPT}\nb:plain`, {
    groups: ["ml", "team", "ml"],
    keepsAccess: true,
  });
  expect(stated.groups).toEqual([
    { name: "ml", members: ["a"] },
    { name: "team", members: ["a"] },
  ]);
  expect(stated.images).toEqual([
    {
      pattern: { service: null, repository: "**", tag: null },
      facts: {},
      grants: [{ subject: { kind: "authenticated" }, actions: ["pull", "push"], expiresAt: null }],
      areAllGrants: false,
    },
  ]);
});

test("100,000 lines are read, each fault with its own line", () => {
  const text = Array.from({ length: 100_000 }, (_, index) =>
    index % 1000 === 999 ? "no colon" : `user-${index}:${BCRYPT}`,
  ).join("\n");
  const intake = read(text);
  expect(intake.stated.accounts).toHaveLength(99_900);
  expect(intake.faults).toHaveLength(100);
  expect(intake.faults.at(-1)?.line).toBe(100_000);
});
