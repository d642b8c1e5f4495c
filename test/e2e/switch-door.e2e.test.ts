// examples/nginx-switch.conf and the lines that docs/joining.md asks for in any nginx: layers go through it as they come.
import { readdir } from "node:fs/promises";
import { createServer, request, type ClientRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { waitUntil } from "../support/poll.js";
import { findFreePort } from "../support/free-port.js";
import { describeWith } from "../support/programs.js";
import { startSwitchDoor, type SwitchDoor } from "../support/switch-door.js";
import { openWorkspace, type Workspace } from "../support/workspace.js";

const FIRST_BYTES = 3_000_000;

describeWith(["nginx"], "an upload through nginx as the example has it", () => {
  let workspace: Workspace;
  let door: SwitchDoor;
  let port: number;
  /** What the registry has got up to now. */
  let arrived = 0;
  let isWhole = false;

  beforeAll(async () => {
    workspace = await openWorkspace();
    const registry = createServer((message, answer) => {
      message.on("data", (chunk: Buffer) => (arrived += chunk.length));
      message.on("end", () => {
        isWhole = true;
        answer.writeHead(202).end();
      });
    });
    await new Promise<void>((resolve) => registry.listen(0, "127.0.0.1", resolve));
    workspace.onClose(async () => {
      registry.closeAllConnections();
      await new Promise((resolve) => registry.close(resolve));
    });
    const upstream = (registry.address() as AddressInfo).port;
    port = await findFreePort();
    const ports = { door: port, dockwarden: upstream, htpasswd: upstream, token: upstream };
    door = await startSwitchDoor(workspace, ports, "token");
  });

  afterAll(() => workspace.close());

  function startUpload(headers: Readonly<Record<string, string>>): {
    readonly upload: ClientRequest;
    readonly status: Promise<number | undefined>;
  } {
    arrived = 0;
    isWhole = false;
    const path = "/v2/team/app/blobs/uploads/1";
    const upload = request({ host: "127.0.0.1", port, path, method: "PATCH", headers });
    const status = new Promise<number | undefined>((resolve, reject) => {
      upload.on("response", (answer) => {
        answer.resume();
        resolve(answer.statusCode);
      });
      upload.on("error", reject);
    });
    return { upload, status };
  }

  test.each([
    ["in chunks, as docker sends it", { "transfer-encoding": "chunked" }],
    ["of a length that was told", { "content-length": String(FIRST_BYTES + 4) }],
  ])("%s reaches the registry while it is sent, and stays nowhere", async (_how, headers) => {
    const { upload, status } = startUpload(headers);
    upload.write(Buffer.alloc(FIRST_BYTES));
    await waitUntil("the registry to get the first bytes", async () => arrived === FIRST_BYTES);
    expect(isWhole).toBe(false);
    expect(await readdir(door.bodyFolder)).toEqual([]);
    upload.end("last");
    expect(await status).toBe(202);
    expect(arrived).toBe(FIRST_BYTES + 4);
    expect(await readdir(door.bodyFolder)).toEqual([]);
  });
});
