// `dockwarden config …`: what is set, and whether it is right.
import type { Command } from "commander";
import { examinePolicyFile, readTls } from "../app.js";
import { describeConfig, printConfig } from "../config/print-config.js";
import { CliExit, orExit } from "./exit.js";
import type { Session } from "./session.js";

/** Adds the verbs of `config`. */
export function addConfigCommands(program: Command, session: Session): void {
  const config = program.command("config").description("the configuration");
  config
    .command("print")
    .description("the effective configuration, secrets as ***")
    .option("--sources", "where each value came from")
    .action((options: { sources?: boolean }) => {
      const loaded = session.loadConfig();
      const withSources = options.sources === true;
      session.answer(describeConfig(loaded), printConfig(loaded, { withSources }));
    });
  config
    .command("check")
    .description("every fault at once, with its place (exit 78)")
    .action(async () => {
      const loaded = session.loadConfig();
      const { config: settings, warnings, file } = loaded;
      orExit(readTls(settings.server.tls));
      const faults = await examinePolicyFile(loaded);
      if (faults.length > 0)
        throw new CliExit(78, faults.map((fault) => `policy.file: ${fault}`).join("\n"));
      const lines = ["the configuration is right", ...warnings.map((line) => `warning: ${line}`)];
      session.answer({ ok: true, file, warnings }, `${lines.join("\n")}\n`);
    });
}
