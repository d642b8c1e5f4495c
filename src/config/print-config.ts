// The effective configuration for people and scripts, with secrets as ***.
import { stringify } from "yaml";
import { CONFIG_KEYS, SECRET_KEYS } from "./keys.js";
import type { LoadedConfig } from "./load-config.js";

export interface DescribedKey {
  readonly key: string;
  readonly value: unknown;
  readonly source: string;
}

function valueAt(config: unknown, key: string): unknown {
  let at: unknown = config;
  for (const part of key.split(".")) at = (at as Record<string, unknown>)[part];
  return at;
}

/** Every key with its value and where it came from; a secret that is set is `***`. */
export function describeConfig(loaded: LoadedConfig): readonly DescribedKey[] {
  return CONFIG_KEYS.map(({ key }) => {
    const value = valueAt(loaded.config, key);
    const isHidden = SECRET_KEYS.has(key) && value !== null;
    return { key, value: isHidden ? "***" : value, source: loaded.sources.get(key) ?? "default" };
  });
}

/** YAML that could be a configuration file; with sources, each value's origin behind it as a comment. */
export function printConfig(
  loaded: LoadedConfig,
  options: { readonly withSources: boolean },
): string {
  const described = describeConfig(loaded);
  if (options.withSources) {
    return described
      .map(({ key, value, source }) => `${key}: ${JSON.stringify(value)} # ${source}\n`)
      .join("");
  }
  const tree: Record<string, unknown> = {};
  for (const { key, value } of described) {
    const parts = key.split(".");
    const last = parts.pop() ?? "";
    let at = tree;
    for (const part of parts) at = (at[part] ??= {}) as Record<string, unknown>;
    at[last] = value;
  }
  return stringify(tree);
}

/** The README's table: one Markdown row a key. */
export function renderConfigTable(): string {
  const rows = CONFIG_KEYS.map(
    ({ key, variable, defaultValue, description }) =>
      `| \`${key}\` | \`${variable}\` | \`${JSON.stringify(defaultValue)}\` | ${description} |`,
  );
  return ["| key | environment | default | what |", "|---|---|---|---|", ...rows, ""].join("\n");
}
