// A policy document mounted as Kubernetes does it (policy.yml → ..data/policy.yml, ..data → a folder), and a server that keeps it.
import { mkdir, rename, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { findEvents, type LogLine } from "./log-lines.js";
import { waitUntil } from "./poll.js";
import { spawnServer, type TestServer } from "./spawn-server.js";
import type { Workspace } from "./workspace.js";

export interface PolicyMount {
  readonly server: TestServer;
  /** What policy.file names. */
  readonly path: string;
  /** The folder that it is in now: rewritten there, it is the same file. */
  readonly folder: string;
  /** Puts another version in its place, and waits for nothing. */
  swap(text: string | Buffer): Promise<void>;
  /** `swap`, and waits until it is applied; answers the event. */
  apply(text: string): Promise<LogLine>;
  applied(): readonly LogLine[];
  refused(): readonly LogLine[];
  /** The reasons of /health/ready. */
  reasons(): Promise<readonly string[]>;
}

/** Started with this document. */
export async function mountPolicy(workspace: Workspace, first: string): Promise<PolicyMount> {
  const folder = await workspace.subfolder("mount");
  const path = join(folder, "policy.yml");
  let count = 0;
  const swap = async (text: string | Buffer): Promise<void> => {
    count += 1;
    const version = `..version-${count}`;
    await mkdir(join(folder, version));
    await writeFile(join(folder, version, "policy.yml"), text);
    await symlink(version, join(folder, "..data_tmp"));
    await rename(join(folder, "..data_tmp"), join(folder, "..data"));
  };
  await swap(first);
  await symlink(join("..data", "policy.yml"), path);
  const server = await spawnServer(workspace, { env: { DOCKWARDEN_POLICY__FILE: path } });
  // The last line may be written only in part.
  const eventsOf = (evt: string): readonly LogLine[] =>
    findEvents(server.log().replace(/[^\n]*$/, ""), evt);
  const applied = (): readonly LogLine[] => eventsOf("policy.file_applied");
  return {
    server,
    path,
    folder,
    swap,
    async apply(text) {
      const before = applied().length;
      await swap(text);
      await waitUntil("the policy is applied", async () => applied().length > before);
      const event = applied().at(-1);
      if (event === undefined) throw new Error("nothing was applied");
      return event;
    },
    applied,
    refused: () => eventsOf("policy.file_refused"),
    async reasons() {
      const answer = await fetch(`http://127.0.0.1:${server.port}/health/ready`);
      const { reasons } = (await answer.json()) as { readonly reasons: readonly string[] };
      return reasons;
    },
  };
}
