// `dockwarden export`: the whole policy as one document, for git, for another machine, for `apply`.
import type { Command } from "commander";
import type { Session } from "./session.js";

/** Adds the verb. */
export function addExportCommand(program: Command, session: Session): void {
  program
    .command("export")
    .description("accounts, groups, images and grants as one YAML document, for dockwarden apply")
    .option("--with-hashes", "password hashes, too: keep the document as secret as the store")
    .option("--schema", "instead of it, the document's JSON schema, for editors")
    .action(async (options: { withHashes?: boolean; schema?: boolean }) => {
      if (options.schema === true) {
        const { renderDocumentSchema } = await import("../intake/document-schema.js");
        session.io.out(renderDocumentSchema());
        return;
      }
      await session.withAdmin(async ({ store, clock, settings }) => {
        const { describePolicy, formatDocument } = await import("../intake/write-document.js");
        const state = await store.whole.readAll(clock.now());
        const withHashes = options.withHashes === true;
        const policy = describePolicy(state, { withHashes }, settings);
        session.answer(policy, () => formatDocument(policy));
      });
    });
}
