// The effective configuration for people and scripts, with secrets as ***.
import { Document, isScalar, isSeq } from "yaml";
import { CONFIG_KEYS, type ConfigKey } from "./keys.js";
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
  return CONFIG_KEYS.map(({ key, isSecret }) => {
    const value = valueAt(loaded.config, key);
    const isHidden = isSecret && value !== null;
    return { key, value: isHidden ? "***" : value, source: loaded.sources.get(key) ?? "default" };
  });
}

/** YAML in the form of a configuration file; with sources, each value's origin stands behind it as a comment. */
export function printConfig(
  loaded: LoadedConfig,
  options: { readonly withSources: boolean },
): string {
  const document = new Document({});
  for (const { key, value, source } of describeConfig(loaded)) {
    const path = key.split(".");
    const node = document.createNode(value);
    if (isSeq(node)) node.flow = true;
    if (options.withSources && (isScalar(node) || isSeq(node))) node.comment = ` ${source}`;
    document.setIn(path, node);
  }
  return document.toString({ lineWidth: 0 });
}

/** One row of the README's table. */
export interface ConfigRow {
  readonly key: string;
  readonly environment: string;
  readonly default: string;
  readonly description: string;
}

function describe(entry: ConfigKey): string {
  return `${entry.description} (${entry.allowed})`;
}

/** Every key, out of the schema. */
export function configTable(): readonly ConfigRow[] {
  return CONFIG_KEYS.map((entry) => ({
    key: entry.key,
    environment: entry.variable,
    default: JSON.stringify(entry.defaultValue),
    description: describe(entry),
  }));
}

/** The README's table: one Markdown row a key. */
export function renderConfigTable(): string {
  const cell = (text: string): string => text.replaceAll("|", "\\|").replaceAll("<", "&lt;");
  const rows = configTable().map(
    (row) => `| \`${row.key}\` | \`${row.default}\` | ${cell(row.description)} |`,
  );
  return ["| key | default | what |", "|---|---|---|", ...rows, ""].join("\n");
}
