// What names a manifest: only what a registry takes.
import { expect, test } from "@jest/globals";
import { isDigest, isTag } from "../../src/domain/reference.js";

const HEX = "0123456789abcdef".repeat(8);

test.each(["v1", "_x", "12b-fp16", "A.b_c-D", "9", "x".repeat(128)])("takes the tag %s", (tag) => {
  expect(isTag(tag)).toBe(true);
});

test.each(["", ".v1", "-v1", "a b", "a/b", "a:b", "v1\n", "é", "%76", "x".repeat(129)])(
  "takes %j for no tag",
  (tag) => {
    expect(isTag(tag)).toBe(false);
  },
);

test.each([
  `sha256:${HEX.slice(0, 64)}`,
  `sha384:${HEX.slice(0, 96)}`,
  `sha512:${HEX.slice(0, 128)}`,
])("takes the digest %s", (digest) => {
  expect(isDigest(digest)).toBe(true);
});

test.each([
  "",
  "sha256:",
  `sha256:${HEX.slice(0, 63)}`,
  `sha256:${HEX.slice(0, 96)}`,
  `sha512:${HEX.slice(0, 64)}`,
  `SHA256:${HEX.slice(0, 64)}`,
  `sha256:${HEX.slice(0, 64).toUpperCase()}`,
  `sha256:${HEX.slice(0, 64)}\n`,
  `md5:${HEX.slice(0, 32)}`,
])("takes %j for no digest", (digest) => {
  expect(isDigest(digest)).toBe(false);
});
