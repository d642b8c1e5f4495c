// The text of config/default.yml, out of the schema, so that the two can't differ.
import { CONFIG_KEYS, type ConfigKey } from "./keys.js";

const HEAD = `# Every key with its default. Nothing reads this file by itself: put what you change into a file of your own and
# name it with --config or DOCKWARDEN_CONFIG. Every key is also a variable: token.ttlSeconds is
# DOCKWARDEN_TOKEN__TTL_SECONDS; lists are comma-separated, secrets also come from the file that DOCKWARDEN_…_FILE names.
# Relative paths start at the folder of your file, or at the package's folder where there is no file.
`;

const indent = (depth: number): string => "  ".repeat(depth);

function renderKey(entry: ConfigKey): string {
  const parts = entry.key.split(".");
  const space = indent(parts.length - 1);
  const comment = `${space}# ${entry.description} (${entry.allowed})`;
  return `${comment}\n${space}${parts.at(-1) ?? ""}: ${JSON.stringify(entry.defaultValue)}\n`;
}

/** YAML with every key, its default, what it means and what it may be. */
export function renderDefaultFile(): string {
  let text = HEAD;
  let open: readonly string[] = [];
  for (const entry of CONFIG_KEYS) {
    const sections = entry.key.split(".").slice(0, -1);
    const shared = sections.findIndex((name, at) => open[at] !== name);
    const missing = shared === -1 ? [] : sections.slice(shared);
    for (const [at, name] of missing.entries()) {
      const depth = sections.length - missing.length + at;
      text += `${depth === 0 ? "\n" : ""}${indent(depth)}${name}:\n`;
    }
    open = sections;
    text += renderKey(entry);
  }
  return text;
}
