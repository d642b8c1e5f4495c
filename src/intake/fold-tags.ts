// Rules for tags made into one for their repository: without a gate a registry can't keep tags apart.
import type { LineNote } from "../domain/stated-policy.js";
import type { CatalogImage } from "./images-json.js";

/**
 * One image a repository, for those who may use every one of its tags: nobody gains what a tag kept from them. A tag that
 * is open to all narrows nothing; where all are, the repository is. Facts are of tags, and left out. A repository is for
 * nobody where an entry of it could not be read (`doubtful`): whom its tag was kept from is not known.
 */
export function foldTags(
  images: readonly CatalogImage[],
  doubtful: ReadonlySet<string>,
  note: (note: LineNote) => void,
): readonly CatalogImage[] {
  const repositories = new Map<string, CatalogImage[]>();
  for (const image of images) {
    const { repository } = image.pattern;
    const found = repositories.get(repository);
    if (found === undefined) repositories.set(repository, [image]);
    else found.push(image);
  }
  return [...repositories].map(([repository, tags]) =>
    doubtful.has(repository) ? shut(tags, note) : fold(tags, note),
  );
}

function shut([first]: readonly CatalogImage[], note: (note: LineNote) => void): CatalogImage {
  if (first === undefined) throw new Error("a repository has at least one entry");
  const { line, pattern } = first;
  const message = `${pattern.repository} stays shut: an entry of one of its tags is left out, and for whom that tag is can't be known; mend the entry, or grant by hand`;
  note({ line, message });
  return { line, pattern: { ...pattern, tag: null }, users: [], facts: {} };
}

function fold(tags: readonly CatalogImage[], note: (note: LineNote) => void): CatalogImage {
  const [first, ...more] = tags;
  if (first === undefined) throw new Error("a repository has at least one entry");
  if (first.pattern.tag === null && more.length === 0) return first;
  const users = intersect(tags);
  const { line } = first;
  const { repository } = first.pattern;
  for (const [who, lost] of findLosses(tags, users)) {
    note({ line, message: `${repository}: by folding its tags ${who} loses ${lost.join(", ")}` });
  }
  return { line, pattern: { ...first.pattern, tag: null }, users, facts: {} };
}

/** Null: every signed-in account. */
function intersect(tags: readonly CatalogImage[]): readonly string[] | null {
  const closed = tags.flatMap(({ users }) => (users === null ? [] : [new Set(users)]));
  const [first, ...others] = closed;
  if (first === undefined) return null;
  return [...first].filter((name) => others.every((users) => users.has(name)));
}

/** Who had tags that they have no longer: by name, and everybody of whom no entry speaks. */
function findLosses(
  tags: readonly CatalogImage[],
  users: readonly string[] | null,
): ReadonlyMap<string, readonly string[]> {
  const losses = new Map<string, string[]>();
  if (users === null) return losses;
  const kept = new Set(users);
  const named = new Set(tags.flatMap((image) => image.users ?? []));
  const open = tags.filter((image) => image.users === null);
  const lose = (who: string, { pattern }: CatalogImage): void => {
    const lost = losses.get(who);
    if (lost === undefined) losses.set(who, [pattern.tag ?? "the rest"]);
    else lost.push(pattern.tag ?? "the rest");
  };
  for (const image of tags) {
    for (const name of image.users ?? named) if (!kept.has(name)) lose(name, image);
  }
  for (const image of open) lose("everybody else", image);
  return losses;
}
