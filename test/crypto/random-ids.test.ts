// Random identifiers: of the length that was asked for, and never the same one twice.
import { expect, test } from "@jest/globals";
import { createRandomIds } from "../../src/crypto/random-ids.js";

test.each([
  [16, "base64url", /^[A-Za-z0-9_-]{22}$/],
  [8, "hex", /^[0-9a-f]{16}$/],
] as const)("%i bytes as %s, another one each time", (bytes, encoding, shape) => {
  const next = createRandomIds(bytes, encoding);
  const drawn = Array.from({ length: 5000 }, next);
  expect(drawn.every((id) => shape.test(id))).toBe(true);
  expect(new Set(drawn).size).toBe(drawn.length);
});
