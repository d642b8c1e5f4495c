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
  };
}

/** Names the variable or flag that makes serving unsafe, null where there is none (THREATS I11). */
export function findUnsafeRuntime(
  variables: Environment,
  execArgv: readonly string[],
): string | null {
  if (variables["NODE_TLS_REJECT_UNAUTHORIZED"] === "0") return "NODE_TLS_REJECT_UNAUTHORIZED=0";
  const options = (variables["NODE_OPTIONS"] ?? "").split(/\s+/);
  const isUnsafe = (option: string): boolean =>
    /^--inspect(?:-brk|-wait|-port)?(?:=|$)/.test(option) || option === "--insecure-http-parser";
  const inOptions = options.find(isUnsafe);
  if (inOptions !== undefined) return `NODE_OPTIONS=${inOptions.replace(/=.*/, "")}`;
  return execArgv.find(isUnsafe)?.replace(/=.*/, "") ?? null;
}
