// The registry as clients write it before an image's name: `--registry`, or what the configuration says.
import { registryHost } from "../config/setting-kinds.js";
import { CliExit } from "./exit.js";

/** Stands in hints where nobody has said what the registry's address is. */
export const UNKNOWN_REGISTRY = "REGISTRY";

/** A registry on this machine, as its makers document it: better than a file that names none. */
export const USUAL_REGISTRY = "localhost:5000";

/** The words of `--registry` in a help text. */
export const REGISTRY_OPTION = [
  "--registry <host>",
  "HOST or HOST:PORT as clients name it; else the first of registry.hosts",
] as const;

/** `--registry` as HOST or HOST:PORT, null without it; exit 2 for anything else. */
export function toRegistry(text: string | undefined): string | null {
  if (text === undefined) return null;
  if (registryHost.safeParse(text).success) return text;
  throw new CliExit(
    2,
    `--registry got ${JSON.stringify(text)}; it takes HOST or HOST:PORT, without http:// and without a path`,
  );
}
