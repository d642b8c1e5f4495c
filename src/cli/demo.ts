// `dockwarden demo`: the words of the command; what it does is demo-show.ts, loaded only then.
import type { Command } from "commander";
import type { Session } from "./session.js";

/** Adds `demo`. */
export function addDemoCommand(program: Command, session: Session): void {
  program
    .command("demo")
    .description("real clients against a real registry, half a minute; leaves nothing behind")
    .action(async () => {
      const { showDemo } = await import("./demo-show.js");
      await showDemo(session);
    });
}
