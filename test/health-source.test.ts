// What health warns of besides its parts' own troubles, and how rarely it asks the store for it.
import { expect, test } from "@jest/globals";
import { createHealth, type ServerParts } from "../src/health-source.js";

test("credentials that wait after a restore are a warning, counted anew only when the store has changed", async () => {
  const state = { version: 1, count: 2, asked: 0 };
  const store = {
    dataVersion: () => state.version,
    images: { countTagged: async () => 0, countImmutable: async () => 0 },
    credentials: {
      countUnconfirmed: async () => {
        state.asked += 1;
        return state.count;
      },
    },
  };
  const parts = {
    loaded: { config: { storage: { path: "/nowhere/dockwarden.db" } } },
    keys: { warnings: () => [] },
    admin: { store, settings: { policy: { tagEnforcement: "off" } }, clock: { now: () => 0 } },
    activity: { findTrouble: () => null },
    guesses: { findTrouble: () => null },
    ledger: { findWarnings: async () => [] },
  } as unknown as ServerParts;
  const health = createHealth(parts, { isStopping: false });
  const says = expect.stringMatching(
    /^2 credential\(s\) from before the restore wait .*dockwarden token list.*run dockwarden token confirm --all$/,
  );
  expect(await health.findWarnings()).toEqual([says]);
  expect(await health.findWarnings()).toEqual([says]);
  expect(state.asked).toBe(1);
  Object.assign(state, { version: 2, count: 0 });
  expect(await health.findWarnings()).toEqual([]);
});

test("immutable images are a warning where no gate holds to them", async () => {
  const settings = { policy: { tagEnforcement: "off" } };
  const store = {
    dataVersion: () => 1,
    images: { countTagged: async () => 0, countImmutable: async () => 2 },
    credentials: { countUnconfirmed: async () => 0 },
  };
  const parts = {
    loaded: { config: { storage: { path: "/nowhere/dockwarden.db" } } },
    keys: { warnings: () => [] },
    admin: { store, settings, clock: { now: () => 0 } },
    activity: { findTrouble: () => null },
    guesses: { findTrouble: () => null },
    ledger: { findWarnings: async () => [] },
  } as unknown as ServerParts;
  const health = createHealth(parts, { isStopping: false });
  expect(await health.findWarnings()).toEqual([
    "2 image(s) are immutable, and without a gate nothing keeps their tags from being overwritten; see dockwarden image list",
  ]);
  settings.policy.tagEnforcement = "gate";
  expect(await health.findWarnings()).toEqual([]);
});
