// `dockwarden doctor`: finds what goes wrong in real installations, and says what mends it.
import type { Command } from "commander";
import { diagnose } from "../app.js";
import { findUnsafeRuntime } from "../config/environment.js";
import { readRegistryFile, readRegistryText, type RegistryFile } from "../config/registry-file.js";
import { explainConfigFaults } from "../doctor/check-configuration.js";
import type { Examination } from "../doctor/examine.js";
import type { Finding, Mend } from "../doctor/finding.js";
import { CliExit } from "./exit.js";
import type { Session } from "./session.js";

interface DoctorOptions {
  readonly beforeStart?: boolean;
  readonly registryConfig?: string;
  readonly registry?: string;
  readonly past?: readonly string[];
}

/** Adds `doctor`. */
export function addDoctorCommand(program: Command, session: Session): void {
  program
    .command("doctor")
    .description("find what is wrong here, and what mends it (exit 0 nothing, 1 something)")
    .option("--before-start", "nothing runs yet: look whether it could start")
    .option(
      "--registry-config <file>",
      "the registry's config.yml, or a file of its variables; - reads standard input",
    )
    .option("--registry <url>", "a registry that runs, such as https://registry.example.com")
    .option(
      "--past <address>",
      "where the registry itself listens, such as 192.0.2.7:5000: clients must not reach it (repeatable)",
      (address: string, earlier: readonly string[] | undefined) => [...(earlier ?? []), address],
    )
    .action((options: DoctorOptions) => run(session, options));
}

async function run(session: Session, options: DoctorOptions): Promise<void> {
  const registryUrl =
    options.registry === undefined ? null : readUrl("--registry", options.registry);
  const past = (options.past ?? []).map((address) =>
    readUrl("--past", address.includes("://") ? address : `http://${address}`),
  );
  const result = await look(session, options, { registryUrl, past });
  const faults = result.findings.filter(({ severity }) => severity === "fault").length;
  const data = { ok: faults === 0, looked: result.looked, findings: result.findings };
  session.answer(data, describe(result, faults));
  if (faults > 0) throw new CliExit(1, "");
}

async function look(
  session: Session,
  options: DoctorOptions,
  addresses: { readonly registryUrl: URL | null; readonly past: readonly URL[] },
): Promise<Examination> {
  const { variables } = session.environment;
  const loaded = session.tryConfig();
  if (!loaded.ok) {
    return {
      looked: ["configuration"],
      findings: explainConfigFaults(loaded.error, session.configFile),
    };
  }
  const { registryConfig: file } = options;
  return diagnose(loaded.value, {
    isBeforeStart: options.beforeStart === true,
    registryFile: file === undefined ? null : await readRegistry(session, file),
    ...addresses,
    unsafeRuntime: findUnsafeRuntime(variables, process.execArgv),
  });
}

/** Standard input is for a doctor in a container, which doesn't see the registry's files. */
async function readRegistry({ io, environment }: Session, file: string): Promise<RegistryFile> {
  const { variables } = environment;
  if (file !== "-") return readRegistryFile(file, variables);
  const { readTextInput } = await import("./text-input.js");
  const { name, text } = await readTextInput(file, io, 1);
  return readRegistryText(name, text, variables);
}

/** Name and password in the address would be sent, and end up in a shell's history (house rule 17). */
function readUrl(option: "--registry" | "--past", text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isPlain = url?.username === "" && url.password === "";
  if (url === null || !isPlain || !/^https?:$/.test(url.protocol)) {
    const takes =
      option === "--registry"
        ? "an http or https URL without name and password, such as https://registry.example.com"
        : "HOST:PORT, or an http or https URL without name and password";
    throw new CliExit(2, `${option} takes ${takes}`);
  }
  return url;
}

function describe({ looked, findings }: Examination, faults: number): string {
  const warnings = findings.length - faults;
  const sorted = [...findings].sort((a, b) => rank(a) - rank(b));
  const blocks = sorted.map((finding) => {
    const mends = finding.mends.map((mend) => `    ${describeMend(mend)}\n`);
    return `${finding.severity} ${finding.id}\n  ${finding.what}\n${mends.join("")}\n`;
  });
  const sum =
    findings.length === 0
      ? "nothing is wrong"
      : `${count(faults, "fault")}, ${count(warnings, "warning")}`;
  return `looked at: ${looked.join(", ")}\n\n${blocks.join("")}${sum}\n`;
}

const rank = ({ severity }: Finding): number => (severity === "fault" ? 0 : 1);

const count = (number: number, noun: string): string =>
  `${number} ${noun}${number === 1 ? "" : "s"}`;

/** One line to run, to write or to do. */
function describeMend(mend: Mend): string {
  switch (mend.kind) {
    case "run":
      return `run: ${mend.command}`;
    case "edit": {
      const file = mend.file ?? "the registry's configuration";
      if (mend.value === null) return `in ${file}: take out ${mend.key}`;
      const value = typeof mend.value === "object" ? JSON.stringify(mend.value) : mend.value;
      return `in ${file}: ${mend.key}: ${value}`;
    }
    case "variable": {
      const where = mend.file === null ? "environment" : `in ${mend.file}`;
      if (mend.value === null) return `${where}: take out ${mend.name}`;
      return `${where}: ${mend.name}=${mend.value}`;
    }
    case "restart":
      return `restart the ${mend.what}`;
    case "do":
      return mend.words;
  }
}
