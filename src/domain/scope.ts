// Scopes of a token request: `repository:team/app:pull,push`; strict, because registries pass hostile ones on.
import { keepValues } from "./kept-values.js";
import { isRepositoryName } from "./repository-name.js";
import { err, ok, type Result } from "./result.js";

/** Limits of one token request (THREATS §4); more than this is refused, never cut. */
export const SCOPE_LIMITS = { scopes: 32, characters: 512, actions: 8, type: 32 } as const;

/** One requested resource. `class` (as in `repository(plugin)`) is dropped: registries want the plain type in a token. */
export interface RequestedScope {
  readonly type: string;
  readonly name: string;
  /** As asked, without repeats: words of a-z, or `*`. Unknown words are kept here and never granted. */
  readonly actions: readonly string[];
}

export type ScopeFault = "malformed" | "limit";

const TYPE = /^[a-z0-9]+(?:\([a-z0-9]+\))?$/;
const ACTION = /^(?:[a-z]*|\*)$/;

/** Nodes ask for the same few scopes again and again. */
const parseScope = keepValues((text): Result<RequestedScope, ScopeFault> => {
  if (text.length > SCOPE_LIMITS.characters) return err("limit");
  // The name may hold a colon (a port), so the type ends at the first one and the actions begin after the last one.
  const first = text.indexOf(":");
  const last = text.lastIndexOf(":");
  if (first <= 0 || last === first) return err("malformed");
  const typeAndClass = text.slice(0, first);
  const name = text.slice(first + 1, last);
  const words = text.slice(last + 1).split(",");
  if (words.length > SCOPE_LIMITS.actions) return err("limit");
  if (!TYPE.test(typeAndClass) || !isRepositoryName(name)) return err("malformed");
  if (!words.every((word) => ACTION.test(word))) return err("malformed");
  const type = typeAndClass.replace(/\(.*$/, "");
  if (type.length > SCOPE_LIMITS.type) return err("limit");
  return ok({ type, name, actions: [...new Set(words.filter((word) => word !== ""))] });
}, isUsual);

/** Under any other type may stand a secret that somebody put where it does not belong: it must not stay in memory. */
function isUsual(text: string): boolean {
  return text.startsWith("repository:");
}

/**
 * Parses every `scope` value of a request, each of which may hold several scopes joined by spaces; asks for one
 * resource are merged, in the order of their first mention.
 * `["repository:a:pull repository:b:pull", "repository:a:push"]` → a with pull and push, b with pull.
 * Faults: `malformed` (RFC 6749 §3.3 and distribution auth/scope.md), `limit` (SCOPE_LIMITS).
 */
export function parseScopes(
  values: readonly string[],
): Result<readonly RequestedScope[], ScopeFault> {
  const texts = values.flatMap((value) => value.split(" ")).filter((text) => text !== "");
  if (texts.length > SCOPE_LIMITS.scopes) return err("limit");
  const merged = new Map<string, RequestedScope>();
  for (const text of texts) {
    const parsed = parseScope(text);
    if (!parsed.ok) return parsed;
    const { type, name, actions } = parsed.value;
    const key = `${type}:${name}`;
    const earlier = merged.get(key);
    merged.set(
      key,
      earlier === undefined
        ? parsed.value
        : { type, name, actions: [...new Set([...earlier.actions, ...actions])] },
    );
  }
  return ok([...merged.values()]);
}

/** As RFC 6749 §5.1 `scope` and logs want it: `repository:a:pull,push`. */
export function formatScope(scope: {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}): string {
  return `${scope.type}:${scope.name}:${scope.actions.join(",")}`;
}
