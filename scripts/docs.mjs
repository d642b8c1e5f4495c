// `npm run docs`: writes what comes out of the configuration's schema: config/default.yml, the table in each README,
// and the JSON schema of policy documents.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "./build.mjs";
import { ROOT, runScript, setUp } from "./setup.mjs";

const BEGIN = "<!-- configuration: written by npm run docs -->\n<!-- prettier-ignore-start -->\n";
const END = "<!-- prettier-ignore-end -->\n";

await runScript(async () => {
  await setUp();
  const code = await build();
  if (code !== 0) return code;
  const { renderDefaultFile } = await import("../dist/config/default-file.js");
  const { renderConfigTable } = await import("../dist/config/print-config.js");
  writeFileSync(join(ROOT, "config", "default.yml"), renderDefaultFile());
  const { renderDocumentSchema } = await import("../dist/intake/document-schema.js");
  writeFileSync(join(ROOT, "config", "policy.schema.json"), renderDocumentSchema());
  for (const name of ["README.md", "README.zh-CN.md"]) {
    const path = join(ROOT, name);
    if (existsSync(path)) writeFileSync(path, withTable(name, renderConfigTable()));
  }
  return 0;
});

function withTable(name, table) {
  const text = readFileSync(join(ROOT, name), "utf8");
  const from = text.indexOf(BEGIN);
  const to = text.indexOf(END, from);
  if (from === -1 || to === -1) throw new Error(`${name} has no place for the table: ${BEGIN}`);
  return `${text.slice(0, from)}${BEGIN}\n${table}\n${text.slice(to)}`;
}
