// Signatures of tokens: from ASN.1 to r and s beside each other.
import { generateKeyPairSync, sign, verify } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import { toJoseSignature } from "../../src/crypto/ecdsa-signature.js";

const bytes = (hex: string): Buffer => Buffer.from(hex.replaceAll(" ", ""), "hex");
const pad = (hex: string): string => hex.padStart(64, "0");

describe("toJoseSignature", () => {
  test("what OpenSSL signs is verified in the other form, a thousand times", () => {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const lengths = new Set<number>();
    for (let at = 0; at < 1000; at += 1) {
      const data = Buffer.from(`token ${at}`);
      const der = sign("sha256", data, privateKey);
      lengths.add(der.length);
      const joined = toJoseSignature(der);
      expect(joined).toHaveLength(64);
      const key = { key: publicKey, dsaEncoding: "ieee-p1363" } as const;
      expect(verify("sha256", data, key, joined)).toBe(true);
    }
    // With a zero before none, one and both of the integers.
    expect([70, 71, 72].every((length) => lengths.has(length))).toBe(true);
  });

  test("short integers are filled up with zeros, each at its own end", () => {
    const joined = toJoseSignature(bytes("30 07 02 01 05 02 02 00 80"));
    expect(joined.toString("hex")).toBe(`${pad("05")}${pad("80")}`);
  });

  test("integers of 32 bytes with and without a zero before them", () => {
    const [high, low] = ["f".repeat(64), "7".repeat(64)];
    const joined = toJoseSignature(bytes(`30 45 02 21 00 ${high} 02 20 ${low}`));
    expect(joined.toString("hex")).toBe(`${high}${low}`);
  });

  test.each([
    ["nothing", ""],
    ["another tag", "31 06 02 01 05 02 01 08"],
    ["another length than it has", "30 07 02 01 05 02 01 08"],
    ["a third value", "30 09 02 01 05 02 01 08 02 01 08"],
    ["one value only", "30 03 02 01 05"],
    ["no integer", "30 06 04 01 05 02 01 08"],
    ["a negative integer", "30 06 02 01 85 02 01 08"],
    ["an integer without bytes", "30 05 02 00 02 01 08"],
    ["an integer that ends beyond it", "30 06 02 01 05 02 02 08"],
    ["33 bytes without a zero before them", `30 26 02 21 ${"1".repeat(66)} 02 01 05`],
    ["64 bytes beside each other", "1".repeat(128)],
  ])("%s is refused", (_what, hex) => {
    expect(() => toJoseSignature(bytes(hex))).toThrow("no ECDSA signature");
  });
});
