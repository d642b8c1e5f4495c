// The grammar of a repository's name, as distribution/reference has it; linear in the name's length.

/** The longest repository name that any registry takes, in characters (distribution/reference, NameTotalLengthMax). */
export const REPOSITORY_NAME_MAX = 255;

const PATH_COMPONENT = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const DOMAIN =
  /^(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)*|\[[0-9A-Fa-f:]+\])(?::[0-9]+)?$/;

/** True for one segment after the first: `app`, `my-app`, `a__b`; false for `App`, `a..b`, ``. */
export function isPathComponent(segment: string): boolean {
  return PATH_COMPONENT.test(segment);
}

/** True for a first segment that can be a registry's host: `localhost:5000`, `Team`, `[::1]:5000`. */
export function isDomain(segment: string): boolean {
  return DOMAIN.test(segment);
}

/**
 * True where the whole text is a repository name: path components joined by `/`, the first of which may instead be a
 * host with an optional port when others follow. 1 to 255 characters; case-sensitive; nothing is decoded or folded.
 */
export function isRepositoryName(name: string): boolean {
  if (name.length === 0 || name.length > REPOSITORY_NAME_MAX) return false;
  const [first = "", ...rest] = name.split("/");
  if (!isPathComponent(first) && !(rest.length > 0 && isDomain(first))) return false;
  return rest.every(isPathComponent);
}
