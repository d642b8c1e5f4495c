// Last uses of credentials: written in batches beside the hot path; a store that can't take them refuses nobody.
import { afterEach, beforeEach, describe, expect, jest, test } from "@jest/globals";
import type { CredentialStore, CredentialUse } from "../src/domain/credential.js";
import { StoreUnavailable } from "../src/domain/ports.js";
import type { LogEvent } from "../src/http/log.js";
import { startUseWriter, type UseWriter } from "../src/use-writer.js";

const FLUSH = 2000;
const use = (at: number, address = "192.0.2.1"): CredentialUse => ({
  at,
  address,
  program: "docker/29.1.3",
});

let batches: [number, CredentialUse][][];
let log: LogEvent[];
let fault: Error | null;
let writer: UseWriter;

beforeEach(() => {
  jest.useFakeTimers();
  batches = [];
  log = [];
  fault = null;
  const store = {
    noteUses: async (uses: ReadonlyMap<number, CredentialUse>) => {
      if (fault !== null) throw fault;
      batches.push([...uses]);
    },
  } as unknown as CredentialStore;
  const push = (event: LogEvent): void => void log.push(event);
  writer = startUseWriter(store, { info: push, warn: push, error: push, debug: push });
});
afterEach(async () => {
  await writer.stop();
  jest.useRealTimers();
});
const pass = () => jest.advanceTimersByTimeAsync(FLUSH);

describe("the writer of last uses", () => {
  test("the newest use of each credential is written in one batch", async () => {
    writer.used(1, use(100));
    writer.used(2, use(100));
    writer.used(1, use(101, "192.0.2.2"));
    expect(batches).toEqual([]);
    await pass();
    expect(batches).toEqual([
      [
        [1, use(101, "192.0.2.2")],
        [2, use(100)],
      ],
    ]);
  });

  test("constant use is written once a minute, at once from elsewhere", async () => {
    for (let at = 100; at < 160; at += 1) writer.used(1, use(at));
    await pass();
    writer.used(1, use(159));
    await pass();
    expect(batches).toEqual([[[1, use(100)]]]);
    writer.used(1, use(159, "192.0.2.2"));
    await pass();
    writer.used(1, use(219, "192.0.2.2"));
    await pass();
    expect(batches.slice(1)).toEqual([[[1, use(159, "192.0.2.2")]], [[1, use(219, "192.0.2.2")]]]);
  });

  test("nothing used, nothing written", async () => {
    await pass();
    expect(batches).toEqual([]);
  });

  test("E16: a full disk is one warning; what waits is written when there is room, newest first", async () => {
    fault = new StoreUnavailable("full", "the disk is full");
    writer.used(1, use(100));
    writer.used(2, use(100));
    await pass();
    writer.used(1, use(200));
    await pass();
    expect(log).toEqual([{ evt: "credential.use_unwritten", err: fault }]);
    fault = null;
    await pass();
    expect(batches).toEqual([
      [
        [1, use(200)],
        [2, use(100)],
      ],
    ]);
  });

  test("a stop writes what is left", async () => {
    writer.used(1, use(100));
    await writer.stop();
    expect(batches).toEqual([[[1, use(100)]]]);
  });
});
