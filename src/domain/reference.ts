// The grammar of what names a manifest: a tag or a digest, as distribution/reference has them.

/** The longest tag that any registry takes, in characters. */
export const TAG_MAX = 128;

const TAG = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;
const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha384:[0-9a-f]{96}|sha512:[0-9a-f]{128})$/;

/** True where the whole text is a tag: `v1`, `12b-fp16`, `_x`; false for ``, `.v1`, `a b`. Case-sensitive; nothing is decoded. */
export function isTag(text: string): boolean {
  return TAG.test(text);
}

/** True where the whole text is a digest of a known algorithm in lower case: `sha256:` and 64 digits, sha384, sha512. */
export function isDigest(text: string): boolean {
  return DIGEST.test(text);
}

/** Cosign's and Docker's way to attach something to an image: a tag made of its digest. */
const DERIVED_TAG = /^sha256-([0-9a-f]{64})(?:\.(?:sig|att|sbom))?$/;

/** `sha256-<hex>.sig` → `sha256:<hex>`, the digest of the image that it belongs to; null: an ordinary tag. */
export function parentOfTag(tag: string): string | null {
  const hex = DERIVED_TAG.exec(tag)?.[1];
  return hex === undefined ? null : `sha256:${hex}`;
}
