// Addresses of clouds' own machines are seen in any spelling, and never connected to.
import { expect, test } from "@jest/globals";
import { openExchange } from "../../src/registry/exchange.js";
import { isLinkLocal, lookupOutside } from "../../src/registry/link-local.js";

test.each([
  "169.254.169.254",
  "[fe80::1]",
  "fe80::1%eth0",
  "[::ffff:a9fe:a9fe]",
  "::ffff:169.254.1.1",
])("F14: %s is link-local", (address) => {
  expect(isLinkLocal(address)).toBe(true);
});

test.each(["127.0.0.1", "10.0.0.1", "::1", "registry", "fe80.example.com", "[fd00::1]"])(
  "F14: %s is not",
  (address) => {
    expect(isLinkLocal(address)).toBe(false);
  },
);

test("F14: a name that leads there has no address", async () => {
  const error = await new Promise((resolve) => {
    lookupOutside("169.254.169.254", { all: true }, resolve);
  });
  expect(error).toMatchObject({ code: "LINKLOCAL" });
});

test("F14: nothing is sent there", async () => {
  const exchange = openExchange(1000);
  const url = new URL("http://169.254.169.254/v2/");
  const answer = await exchange.ask({ method: "GET", url, headers: {}, maxBytes: 10 });
  expect(answer).toEqual({ ok: false, code: "LINKLOCAL" });
  exchange.close();
});
