// Shows on this machine, with real clients and a real registry, what Dockwarden does.
import { existsSync } from "node:fs";
import { join } from "node:path";
import { packageRoot } from "../app.js";
import { runDemo, type DemoOptions, type DemoReport } from "../demo/run-demo.js";
import { Interrupted } from "../demo/stage.js";
import { CliExit } from "./exit.js";
import type { Session } from "./session.js";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const WIDTH_MAX = 110;
const WIDTH_MIN = 60;
const WIDTH_WITHOUT_TERMINAL = 80;

/** Plays the demo to its end; exit 1 where it was interrupted, is impossible here, or did not come out as promised. */
export async function showDemo(session: Session): Promise<void> {
  const { io, environment, isJson } = session;
  const interruption = new AbortController();
  const report = await withSignals(interruption, () =>
    runDemo({
      paper: {
        write: (text) => {
          if (isJson) io.note(text);
          else io.out(text);
        },
        hasColour: io.isTerminal && !isJson && !environment.hasNoColor,
        width: chooseWidth(io.isTerminal ? process.stdout.columns : WIDTH_WITHOUT_TERMINAL),
      },
      variables: environment.variables,
      program: [process.execPath, ...process.execArgv, process.argv[1] ?? ""],
      signal: interruption.signal,
      nextSteps: nextSteps(),
    }),
  );
  finish(session, report);
}

/** In a checkout the commands of the checkout, otherwise those of the installed package. */
function nextSteps(): DemoOptions["nextSteps"] {
  const has = (name: string): boolean => existsSync(join(packageRoot, name));
  const isCheckout = has("scripts/start.mjs");
  const rows: DemoOptions["nextSteps"] = [
    ["docker compose up", "the whole thing on one port: door, registry, Dockwarden"],
    [
      isCheckout ? "npm start" : "dockwarden serve --create",
      "a server that stays, and the lines for your registry",
    ],
    [
      isCheckout ? "npx dockwarden --help" : "dockwarden --help",
      "users, groups, images, grants; each with --help",
    ],
    ["README.md", "the model in two sentences, operations, configuration"],
  ];
  return has("docker-compose.yml") ? rows : rows.slice(1);
}

function finish(session: Session, report: DemoReport): void {
  switch (report.kind) {
    case "interrupted":
      throw new CliExit(1, "interrupted; everything of the demo is gone again");
    case "impossible":
      throw new CliExit(1, report.message);
    case "played": {
      const isKept = report.steps.every(({ difference }) => difference === null);
      if (session.isJson) session.answer({ kept: isKept, steps: report.steps }, "");
      if (!isKept) throw new CliExit(1, "the demo did not come out as promised");
    }
  }
}

/** The first signal ends the demo and cleans up; the second does so at once, by the stage's last resort. */
async function withSignals<T>(interruption: AbortController, work: () => Promise<T>): Promise<T> {
  const onSignal = (): void => {
    if (interruption.signal.aborted) process.exit(1);
    interruption.abort(new Interrupted());
  };
  for (const signal of SIGNALS) process.on(signal, onSignal);
  try {
    return await work();
  } finally {
    for (const signal of SIGNALS) process.off(signal, onSignal);
  }
}

function chooseWidth(columns: number | undefined): number {
  return Math.max(WIDTH_MIN, Math.min(WIDTH_MAX, columns ?? WIDTH_WITHOUT_TERMINAL));
}
