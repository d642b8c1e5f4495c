// When an image was made is asked of the registry once it was pushed.
import { expect, test } from "@jest/globals";
import { startCreatedReader } from "../src/created-reader.js";
import type { LedgerStore, Manifest, RegistryEvent } from "../src/domain/ledger.js";
import { ok } from "../src/domain/result.js";
import { digest } from "./support/fake-gate.js";
import { waitUntil } from "./support/poll.js";

const IMAGE = "application/vnd.oci.image.manifest.v1+json";
const INDEX = "application/vnd.oci.image.index.v1+json";

function pushed(of: string, mediaType: string, service = "registry"): RegistryEvent {
  const about = { service, repository: "team/app", at: 1, actor: "alice", address: "" };
  const manifest = { digest: of, mediaType, size: 1, references: [], created: null };
  return { id: of, instance: "", act: { ...about, kind: "push", tag: "v1", manifest } };
}

function site() {
  const completed: Manifest[] = [];
  const asked: string[] = [];
  const listeners: ((event: RegistryEvent) => void)[] = [];
  const fault: { store: Error | null } = { store: null };
  const store = {
    completeManifests: async (_place: unknown, manifests: readonly Manifest[]) => {
      if (fault.store !== null) throw fault.store;
      completed.push(...manifests);
    },
  } as unknown as LedgerStore;
  const nothing = (): void => undefined;
  const stop = startCreatedReader({
    registry: {
      knows: (service) => service === "registry",
      readManifest: async (_service, _repository, { digest: of, withCreated }) => {
        asked.push(`${of} ${withCreated}`);
        const created = "2026-01-02T03:04:05Z";
        return ok({ digest: of, mediaType: IMAGE, size: 1, references: [], created });
      },
    },
    ledger: { use: () => store, changed: nothing, onEvent: (act) => void listeners.push(act) },
    log: { info: nothing, warn: nothing, error: nothing, debug: nothing },
  });
  const tell = (event: RegistryEvent): void => {
    for (const listener of listeners) listener(event);
  };
  return { completed, asked, tell, stop, fault };
}

test("an image that was pushed is asked for, an index and a registry without address are not", async () => {
  const { completed, asked, tell, stop } = site();
  tell(pushed(digest("a"), IMAGE));
  tell(pushed(digest("b"), INDEX));
  tell(pushed(digest("c"), IMAGE, "elsewhere"));
  await waitUntil("the answer is kept", async () => completed.length === 1);
  await stop();
  expect(asked).toEqual([`${digest("a")} true`]);
  expect(completed[0]?.created).toBe("2026-01-02T03:04:05Z");
});

test("a ledger that can't be written now ends nothing", async () => {
  const { completed, asked, tell, stop, fault } = site();
  fault.store = new Error("locked");
  tell(pushed(digest("a"), IMAGE));
  await waitUntil("it was asked", async () => asked.length === 1);
  fault.store = null;
  tell(pushed(digest("d"), IMAGE));
  await waitUntil("the answer is kept", async () => completed.length === 1);
  await stop();
  tell(pushed(digest("e"), IMAGE));
  expect(asked).toHaveLength(2);
});
