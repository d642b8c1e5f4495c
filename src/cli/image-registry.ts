// The verbs of `dockwarden image` that work on what registries hold: sync and delete.
import type { Command } from "commander";
import type { DeleteOptions } from "./image-delete.js";
import type { SyncOptions } from "./image-sync.js";
import type { Session } from "./session.js";

/** Adds them to `image`. */
export function addRegistryVerbs(image: Command, session: Session): void {
  image
    .command("sync [repositories...]")
    .description("read what registries hold: all of it, or the repositories that are named")
    .option("--service <name>", "one registry alone")
    .action(async (words: readonly string[], options: SyncOptions) => {
      const { syncImages } = await import("./image-sync.js");
      await syncImages(session, words, options);
    });
  image
    .command("delete [image]")
    .description("take REPO, REPO:TAG or REPO@DIGEST out of the registry; says what that frees")
    .option("--unused <time>", "every tag that nobody pulled or pushed since: 180d")
    .option("--service <name>", "in this registry")
    .option("--literal", "a host:port/ prefix is part of the name")
    .option("--dry-run", "say what would go, and delete nothing")
    .option("--yes", "do not ask")
    .action(async (text: string | undefined, options: DeleteOptions) => {
      const { deleteImages } = await import("./image-delete.js");
      await deleteImages(session, text, options);
    });
}
