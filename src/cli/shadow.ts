// `dockwarden shadow`: the words of the command; what it does is shadow-act.ts, loaded only then.
import type { Command } from "commander";
import type { Session } from "./session.js";

export interface ShadowOptions {
  readonly peer: string;
  readonly log: string;
  readonly passwords?: string;
  readonly service?: string;
  readonly peerService?: string;
  readonly cacert?: string;
  readonly insecure?: boolean;
  readonly follow?: boolean;
  readonly rate: string;
  readonly every: string;
}

/** Adds `shadow`. */
export function addShadowCommand(program: Command, session: Session): void {
  program
    .command("shadow")
    .description(
      "ask another token server and this one what its log was asked: who would get less or more? (exit 0 nobody, 1 somebody)",
    )
    .requiredOption("--peer <url>", "the other server's token endpoint: the realm of its registry")
    .requiredOption("--log <file>", "its access log; - is stdin")
    .option("--passwords <file>", "lines NAME:PASSWORD to sign in with there; readable to you only")
    .option("--service <name>", "which of token.services is meant, whatever the log says")
    .option("--peer-service <name>", "what the peer calls it, where the log does not say")
    .option("--cacert <file>", "accept this authority's (or server's) certificate, in PEM form")
    .option("--insecure", "send passwords over plain HTTP to another machine")
    .option("--follow", "go on with what is added, until no difference is left")
    .option("--rate <number>", "at most so many requests to the peer a second", "20")
    .option("--every <seconds>", "with --follow: how often differences are asked again", "10")
    .action(async (options: ShadowOptions) => {
      const { runShadow } = await import("./shadow-act.js");
      await runShadow(session, options);
    });
}
