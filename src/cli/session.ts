// What every command has at hand: input and output, the configuration, the store opened for one act.
import { resolve } from "node:path";
import type { AdminContext } from "../admin/admin-context.js";
import { isStatedInDocuments } from "../domain/change.js";
import { openAdmin, packageRoot } from "../app.js";
import { formatFault } from "../config/config-fault.js";
import { readEnvironment, type EnvironmentSettings } from "../config/environment.js";
import { loadConfig, type ConfigResult, type LoadedConfig } from "../config/load-config.js";
import { CliExit, orExit } from "./exit.js";
import { formatJson, printable, type Io } from "./output.js";

/** The global options of a command line. */
export interface GlobalOptions {
  readonly config?: string;
  readonly json?: boolean;
}

export class Session {
  readonly io: Io;
  readonly environment: EnvironmentSettings;
  options: GlobalOptions = {};
  #loaded: LoadedConfig | null = null;

  constructor(io: Io, environment: EnvironmentSettings = readEnvironment()) {
    this.io = io;
    this.environment = environment;
  }

  get isJson(): boolean {
    return this.options.json === true;
  }

  /** The configuration, or exit 78 with every fault and its place. Read once: later this process may be another user. */
  loadConfig(): LoadedConfig {
    this.#loaded ??= this.#readConfig();
    return this.#loaded;
  }

  /** The configuration, or every fault; for who wants to explain the faults. */
  tryConfig(): ConfigResult {
    return loadConfig({
      file: this.options.config ?? this.environment.configFile,
      environment: this.environment.variables,
      packageRoot,
    });
  }

  /** The file that is named, absolute; null: none is. */
  get configFile(): string | null {
    const file = this.options.config ?? this.environment.configFile;
    return file === null ? null : resolve(file);
  }

  #readConfig(): LoadedConfig {
    const loaded = this.tryConfig();
    if (loaded.ok) return loaded.value;
    throw new CliExit(78, loaded.error.map(formatFault).join("\n"));
  }

  /** Opens the existing store, runs one act on it, closes it whatever happens. */
  async withAdmin<T>(act: (context: AdminContext, loaded: LoadedConfig) => Promise<T>): Promise<T> {
    const loaded = this.loadConfig();
    const { file } = loaded.config.policy;
    const policy = { isChanged: false };
    const context = orExit(
      await openAdmin(loaded, "existing", (change) => {
        policy.isChanged ||= isStatedInDocuments(change);
      }),
    );
    try {
      return await act(context, loaded);
    } finally {
      await context.close();
      if (file !== null && policy.isChanged) this.#remindOf(file);
    }
  }

  #remindOf(file: string): void {
    this.io.note(
      `note: policy.file (${printable(file)}) says what accounts, groups and images there are: put this change there as well, or its next application takes it back\n`,
    );
  }

  /** The answer: `value` as JSON where that was asked for, otherwise the text for people; a long one made only then. */
  answer(value: unknown, text: string | (() => string)): void {
    if (this.isJson) this.io.out(formatJson(value));
    else this.io.out(printable(typeof text === "string" ? text : text()));
  }

  /** What long work has done so far, in one line on standard error that is written over; null takes it away. */
  progress(text: string | null): void {
    // The answer may go into a file or a pipe meanwhile.
    if (this.io.isNoteTerminal !== true) return;
    this.io.note(text === null ? "\r\u001b[K" : `\r${printable(text)}\u001b[K`);
  }

  /** One line beside the answer, on standard error in JSON mode so that JSON stays whole. */
  say(line: string): void {
    const text = `${printable(line)}\n`;
    if (this.isJson) this.io.note(text);
    else this.io.out(text);
  }
}
