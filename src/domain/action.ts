// What may be done to an image, and the ceiling of an account.

/** The actions of a repository that Dockwarden grants, in the order in which they are shown. */
export const ACTIONS = ["pull", "push", "delete"] as const;
export type Action = (typeof ACTIONS)[number];

/** The ceiling words of an account; `admin` contains all others. */
export const PERMISSIONS = ["view", "pull", "push", "delete", "admin"] as const;
export type Permission = (typeof PERMISSIONS)[number];

/** True for `pull`, `push` and `delete`, in lower case only. */
export function isAction(word: string): word is Action {
  return (ACTIONS as readonly string[]).includes(word);
}

/** True for the five permission words, in lower case only. */
export function isPermission(word: string): word is Permission {
  return (PERMISSIONS as readonly string[]).includes(word);
}

/** Sorted as in ACTIONS, without repeats, and with the `pull` that `push` brings: `["push"]` → `["pull", "push"]`. */
export function normalizeActions(actions: Iterable<Action>): readonly Action[] {
  const wanted = new Set(actions);
  if (wanted.has("push")) wanted.add("pull");
  return ACTIONS.filter((action) => wanted.has(action));
}

/** Sorted as in PERMISSIONS, without repeats; `push` brings `pull`, `admin` brings all. */
export function normalizePermissions(permissions: Iterable<Permission>): readonly Permission[] {
  const wanted = new Set(permissions);
  if (wanted.has("admin")) return PERMISSIONS;
  if (wanted.has("push")) wanted.add("pull");
  return PERMISSIONS.filter((permission) => wanted.has(permission));
}
