// The Authorization header of a proxied request: is there a token of ours in it to judge?
import { err, ok, type Result } from "../domain/result.js";

/** `none`: nothing, or a scheme that is not ours to judge: the registry answers with its own challenge. */
export type Bearer = { readonly kind: "none" } | { readonly kind: "token"; readonly token: string };

/**
 * Reads the header's values (one each time it was sent). Whatever begins with `bearer`, in any case and with any white space
 * behind it, is judged: registries differ in what they take (REGISTRY-FACTS §1.2). More than one header is a fault, because
 * we and the registry could look at different ones.
 */
export function readBearer(values: readonly string[]): Result<Bearer, "two-headers"> {
  if (values.length > 1) return err("two-headers");
  const text = (values[0] ?? "").trim();
  if (!/^bearer/i.test(text)) return ok({ kind: "none" });
  return ok({ kind: "token", token: text.slice("bearer".length).trim() });
}
