// The only reader of the process's environment.

/** Variables as the operating system gives them. */
export type Environment = Readonly<Record<string, string | undefined>>;

export interface EnvironmentSettings {
  /** For loadConfig. */
  readonly variables: Environment;
  readonly configFile: string | null;
  readonly firstAdminName: string | null;
  readonly firstAdminPasswordFile: string | null;
  /** Who acts, as claimed by the caller; null: the operating system's user. */
  readonly actor: string | null;
  readonly hasNoColor: boolean;
  /** Whether a build service runs us. */
  readonly isCi: boolean;
  /** Whether this is the container that our image makes: paths mean nothing to a shell outside. */
  readonly isContainer: boolean;
}

/** The environment of this process, or of a test. */
export function readEnvironment(variables: Environment = process.env): EnvironmentSettings {
  const get = (name: string): string | null => variables[name] ?? null;
  return {
    variables,
    configFile: get("DOCKWARDEN_CONFIG"),
    firstAdminName: get("DOCKWARDEN_ADMIN_NAME"),
    firstAdminPasswordFile: get("DOCKWARDEN_ADMIN_PASSWORD_FILE"),
    actor: get("DOCKWARDEN_ACTOR"),
    hasNoColor: (get("NO_COLOR") ?? "") !== "",
    isCi: !["", "0", "false"].includes(get("CI") ?? ""),
    isContainer: get("DOCKWARDEN_IN_CONTAINER") === "1",
  };
}

// NOTE node takes --insecure_http_parser for --insecure-http-parser, and quotes in NODE_OPTIONS.
function isUnsafeOption(option: string): boolean {
  return /^--(?:inspect(?:-brk|-wait|-port)?|insecure-http-parser)(?:=|$)/.test(
    option.replaceAll("_", "-"),
  );
}

/**
 * Names the variable or flag that makes serving unsafe, such as `NODE_OPTIONS=--inspect`; null where there is none
 * (THREATS I11). `execArgv` as process.execArgv has it.
 */
export function findUnsafeRuntime(
  variables: Environment,
  execArgv: readonly string[],
): string | null {
  if (variables["NODE_TLS_REJECT_UNAUTHORIZED"] === "0") return "NODE_TLS_REJECT_UNAUTHORIZED=0";
  const options = (variables["NODE_OPTIONS"] ?? "").replaceAll('"', "").split(/\s+/);
  const inOptions = options.find(isUnsafeOption);
  if (inOptions !== undefined) return `NODE_OPTIONS=${inOptions.replace(/=.*/, "")}`;
  return execArgv.find(isUnsafeOption)?.replace(/=.*/, "") ?? null;
}
