// The value of an act that can be refused; it must not be used for bugs or dead disks (those throw).

export type Result<T, E> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: E };

/** Wraps an answer: `ok(3)` → `{ ok: true, value: 3 }`. */
export function ok<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value };
}

/** Wraps a refusal with its tagged reason: `err("name-taken")` → `{ ok: false, error: "name-taken" }`. */
export function err<E>(error: E): { readonly ok: false; readonly error: E } {
  return { ok: false, error };
}
