// What the catalogue shows to whom, page by page, and what is looked at for it.
import { describe, expect, test } from "@jest/globals";
import fc from "fast-check";
import type { Ceiling } from "../../src/domain/ceiling.js";
import { decide, type PolicySettings } from "../../src/domain/decision.js";
import { subjectKey, type GrantedImage } from "../../src/domain/image.js";
import { matchesRepository, matchesService } from "../../src/domain/image-pattern.js";
import type { Requester } from "../../src/domain/requester.js";
import { listCatalog, type CatalogContext, type CatalogPage } from "../../src/gate/catalog.js";
import { exclusive, GATE, OFF, open, pattern, subject } from "../support/policy.js";

const byCodeUnit = (a: string, b: string): number => Number(a > b) - Number(a < b);

interface Site {
  readonly names: readonly string[];
  readonly images?: readonly GrantedImage[];
  readonly policy?: PolicySettings;
}

/** The ports in memory; `looked` are the names that the ledger was made to hand out. */
function catalogOf({ names, images = [], policy = GATE }: Site) {
  const looked: string[] = [];
  const decided: string[] = [];
  const context: CatalogContext = {
    policy,
    policyReader: {
      findMatching: async (_service, repository) => {
        decided.push(repository);
        return images.filter(({ pattern: { repository: one } }) =>
          matchesRepository(one, repository),
        );
      },
      listNamed: async (service, subjects) => [
        ...new Set(
          images
            .filter((image) => matchesService(image.pattern, service))
            .filter(({ grants }) =>
              grants.some((one) => subjects.includes(subjectKey(one.subject))),
            )
            .map((image) => image.pattern.repository),
        ),
      ],
    },
    repositories: {
      listRepositories: async (_service, { prefix, after, limit }) => {
        const found = [...names]
          .sort(byCodeUnit)
          .filter((name) => name.startsWith(prefix) && (after === null || name > after))
          .slice(0, limit);
        looked.push(...found);
        return found;
      },
    },
    pause: async () => undefined,
  };
  return { context, looked, decided };
}

function account(
  name: string,
  permissions: string,
  ceiling: Ceiling = { kind: "none" },
): Requester {
  const { id } = subject(name) as { id: number };
  return {
    kind: "account",
    id,
    name,
    accountKind: "user",
    permissions: permissions.split(",") as never,
    groups: [],
    ceiling,
  };
}

const ANONYMOUS: Requester = { kind: "anonymous" };
const ALL = { service: "reg", last: null, count: 1000, now: 0 };

async function shown(site: Site, requester: Requester): Promise<readonly string[]> {
  const { context } = catalogOf(site);
  return (await listCatalog({ ...ALL, requester }, context)).repositories;
}

const NAMES = ["app", "base", "ml/a", "ml/secret", "mlx", "alice/own", "team/x/y", "zoo"];
const IMAGES = [
  open("base", { "@anonymous": "pull" }),
  open("app", { alice: "push" }),
  open("ml/**", { alice: "pull", bob: "pull" }),
  exclusive("ml/secret", { bob: "pull" }),
  open("zoo", { "@authenticated": "pull" }),
];
const SITE = { names: NAMES, images: IMAGES };

describe("DESIGN §2 rule 7", () => {
  test.each<readonly [string, Requester, readonly string[]]>([
    ["nobody in particular what is public", ANONYMOUS, ["base"]],
    ["an account without view what is public", account("alice", "pull,push"), ["base"]],
    [
      "an account what names it, before its permissions cut the actions",
      account("alice", "view"),
      ["app", "base", "ml/a", "zoo"],
    ],
    [
      "an account that an exclusive image names what is inside",
      account("bob", "view,pull"),
      ["base", "ml/a", "ml/secret", "zoo"],
    ],
    [
      "an admin everything",
      account("root", "view,pull,push,delete,admin"),
      [...NAMES].sort(byCodeUnit),
    ],
  ])("shows %s", async (_what, requester, expected) => {
    expect(await shown(SITE, requester)).toEqual(expected);
  });

  test("C13: a narrowed credential shows what it is narrowed to, an admin's too", async () => {
    const ceiling: Ceiling = {
      kind: "narrowed",
      images: [pattern("ml/**"), pattern("zoo:v1")],
      actions: ["pull"],
    };
    expect(await shown(SITE, account("alice", "view,pull", ceiling))).toEqual(["ml/a", "zoo"]);
    const root = account("root", "view,pull,push,delete,admin", ceiling);
    expect(await shown(SITE, root)).toEqual(["ml/a", "ml/secret", "zoo"]);
    const elsewhere: Ceiling = { ...ceiling, images: [pattern("ml/**", "other")] };
    expect(await shown(SITE, account("root", "view,admin", elsewhere))).toEqual([]);
  });

  test("what settings open is shown to who may look around", async () => {
    const policy = { ...GATE, unlisted: ["pull"] as const, hasPersonalNamespace: true };
    const site = { ...SITE, policy };
    const expected = NAMES.filter((name) => name !== "ml/secret").sort(byCodeUnit);
    expect(await shown(site, account("alice", "view"))).toEqual(expected);
    expect(await shown(site, account("alice", "pull"))).toEqual(["base"]);
    expect(await shown(site, ANONYMOUS)).toEqual(["base"]);
    const own = { ...site, policy: { ...policy, unlisted: [] } };
    expect(await shown(own, account("alice", "view"))).toContain("alice/own");
  });

  test.each([GATE, OFF])(
    "an image with a tag shows its repository, with and without a gate",
    async (policy) => {
      const site = { names: ["app"], images: [open("app:v1", { alice: "pull" })], policy };
      expect(await shown(site, account("alice", "view,pull"))).toEqual(["app"]);
      expect(await shown(site, account("bob", "view,pull"))).toEqual([]);
    },
  );
});

describe("what is looked at", () => {
  const many = Array.from({ length: 5000 }, (_, at) => `other/${at}`);

  test("one grant on a repository looks at that one alone, one on a pattern at its part", async () => {
    const images = [open("app", { alice: "pull" }), open("team/**", { bob: "pull" })];
    const site = catalogOf({ names: [...many, "app", "team/a", "team/b"], images });
    await listCatalog({ ...ALL, requester: account("alice", "view") }, site.context);
    expect(site.looked).toEqual(["app"]);
    site.looked.length = 0;
    await listCatalog({ ...ALL, requester: account("bob", "view") }, site.context);
    expect(site.looked).toEqual(["team/a", "team/b"]);
  });

  test("a page begins behind the last name, and ends with one more than was asked for", async () => {
    const site = catalogOf({ names: many, images: [open("**", { alice: "pull" })] });
    const requester = account("alice", "view");
    const page = await listCatalog({ ...ALL, requester, last: "other/1", count: 3 }, site.context);
    expect(page).toEqual({ repositories: ["other/10", "other/100", "other/1000"], isMore: true });
    expect(site.looked).toHaveLength(4);
    expect(site.decided).toHaveLength(4);
  });

  test("a pattern that begins with a star decides only where it matches", async () => {
    const images = [open("*/7", { alice: "pull" })];
    const site = catalogOf({ names: many, images });
    await listCatalog({ ...ALL, requester: account("alice", "view") }, site.context);
    expect(site.decided).toEqual(["other/7"]);
  });
});

describe("properties", () => {
  const segment = fc.constantFrom("a", "b", "a-b", "ab", "a.b", "b0");
  const name = fc.array(segment, { minLength: 1, maxLength: 3 }).map((parts) => parts.join("/"));
  const named = fc.oneof(
    name,
    name.map((text) => `${text}/**`),
    name.map((text) => `${text}*`),
    fc.constantFrom("**", "*", "*/b", "**/a"),
  );
  const grants = fc.dictionary(
    fc.constantFrom("alice", "@authenticated", "@anonymous", "bob"),
    fc.constantFrom("pull", "pull,push"),
    { maxKeys: 3, noNullPrototype: true },
  );
  const image = fc.oneof(
    fc.tuple(named, grants).map(([text, to]) => open(text, to)),
    fc
      .tuple(
        fc.oneof(
          name,
          name.map((text) => `${text}/**`),
        ),
        grants,
      )
      .map(([text, to]) => exclusive(text, to)),
  );
  const site = fc.record({
    names: fc.uniqueArray(name, { maxLength: 25 }),
    images: fc.array(image, { maxLength: 6 }),
  });
  const asker = fc.constantFrom(
    account("alice", "view,pull,push"),
    account("alice", "view"),
    account("alice", "pull"),
    account("root", "view,pull,push,delete,admin"),
    ANONYMOUS,
  );

  test("what is shown is what the rules name the requester in; nothing else, nothing less", async () => {
    await fc.assert(
      fc.asyncProperty(site, asker, async ({ names, images }, requester) => {
        const isLooking = requester.kind === "account" && requester.permissions.includes("view");
        const looker: Requester = isLooking
          ? { ...requester, permissions: [...requester.permissions, "pull", "push", "delete"] }
          : ANONYMOUS;
        const expected = names.filter((repository) => {
          const target = { service: "reg", repository, tag: null };
          return decide({ requester: looker, target, images, policy: GATE }).allowed.length > 0;
        });
        expect(await shown({ names, images }, requester)).toEqual([...expected].sort(byCodeUnit));
      }),
      { numRuns: 500 },
    );
  });

  test("the pages together are the one large page", async () => {
    const sizes = fc.integer({ min: 1, max: 7 });
    await fc.assert(
      fc.asyncProperty(site, asker, sizes, async (given, requester, count) => {
        const { context } = catalogOf(given);
        const whole = await listCatalog({ ...ALL, requester }, context);
        const pages: string[] = [];
        let page: CatalogPage = { repositories: [], isMore: true };
        let last: string | null = null;
        while (page.isMore) {
          page = await listCatalog({ ...ALL, requester, last, count }, context);
          if (page.isMore) expect(page.repositories).toHaveLength(count);
          pages.push(...page.repositories);
          last = page.repositories.at(-1) ?? last;
        }
        expect(pages).toEqual(whole.repositories);
        expect(whole.isMore).toBe(false);
      }),
      { numRuns: 300 },
    );
  });
});
