// `dockwarden import …`: accounts and rules out of the files of other programs.
import type { Command } from "commander";
import { DOCKER_AUTH } from "./import-docker-auth.js";
import { HTPASSWD } from "./import-htpasswd.js";
import { IMAGES_JSON } from "./import-images-json.js";
import type { ImportSource, SourceOptions } from "./import-source.js";
import { USERS_JSON } from "./import-users-json.js";
import type { Session } from "./session.js";

/** One verb each. */
const SOURCES: readonly ImportSource[] = [HTPASSWD, USERS_JSON, IMAGES_JSON, DOCKER_AUTH];

/** Adds the verbs of `import`. */
export function addImportCommands(program: Command, session: Session): void {
  const noun = program
    .command("import")
    .description("accounts and rules out of files of other programs; all or nothing");
  for (const source of SOURCES) addVerb(noun, source, session);
}

function addVerb(noun: Command, source: ImportSource, session: Session): void {
  const verb = noun
    .command(`${source.name} <file>`)
    .description(`${source.description}; - reads standard input`);
  for (const [flags, description] of source.options) verb.option(flags, description);
  verb
    .option("--dry-run", "say what would change and who gains and loses what; change nothing")
    .option("--skip-invalid", "leave lines with faults out, and list them")
    .option("--anyway", "rules with a tag although nothing enforces tags")
    .action(async (file: string, options: SourceOptions) => {
      const { runImport } = await import("./import-flow.js");
      await runImport(session, source, { file, options });
    });
}
