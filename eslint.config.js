// Lint rules; the import table of the house (CONTRIBUTING.md, "Who may import whom") is generated from IMPORT_TABLE below.
import { readdirSync } from "node:fs";
import { join } from "node:path";
import js from "@eslint/js";
import prettier from "eslint-config-prettier";
import tseslint from "typescript-eslint";

/** folder → the folders it may import besides itself, and the packages that live only there. */
const IMPORT_TABLE = {
  domain: { folders: [], packages: [], isPure: true },
  token: { folders: ["domain"], packages: [], isPure: true },
  gate: { folders: ["domain"], packages: [], isPure: true },
  ledger: { folders: ["domain"], packages: [], isPure: true },
  admin: { folders: ["domain"], packages: [], isPure: true },
  intake: { folders: ["domain", "admin", "config"], packages: ["yaml", "zod"], isPure: true },
  http: {
    folders: ["domain", "token", "gate", "ledger", "admin"],
    packages: ["express", "zod"],
    isPure: false,
  },
  crypto: {
    folders: ["domain"],
    packages: ["jose", "argon2", "bcrypt", "node-forge", "@zxcvbn-ts/*"],
    isPure: false,
  },
  storage: {
    folders: ["domain"],
    packages: ["better-sqlite3", "better-sqlite3-node20"],
    isPure: false,
  },
  registry: { folders: ["domain"], packages: [], isPure: false },
  backup: { folders: ["domain"], packages: [], isPure: false },
  config: { folders: [], packages: ["yaml", "zod"], isPure: false },
  demo: { folders: [], packages: [], isPure: false },
  doctor: { folders: ["domain", "config"], packages: [], isPure: false },
  cli: {
    folders: ["domain", "admin", "intake", "config", "demo", "doctor"],
    packages: ["commander", "cli-table3", "read"],
    isPure: false,
    isAppAllowed: true,
  },
};

const ALL_PACKAGES = [
  "express",
  "zod",
  "jose",
  "argon2",
  "bcrypt",
  "node-forge",
  "@zxcvbn-ts/*",
  "better-sqlite3",
  "better-sqlite3-node20",
  "pg",
  "yaml",
  "commander",
  "cli-table3",
  "read",
  "pino",
  "pino-pretty",
];

/** Files directly in src/ put the parts together: nothing below imports them, but src/cli app.ts. */
const COMPOSITION = readdirSync(join(import.meta.dirname, "src"))
  .filter((name) => name.endsWith(".ts"))
  .map((name) => name.replace(/\.ts$/, ".js"));

/** Node.js 24 loads all that a builtin's getters name when an ES module imports it. */
const HEAVY_BUILTINS = ["node:http", "http"].map((name) => ({
  name,
  allowTypeImports: true,
  message:
    'Its getters name a client of HTTP/2 and WebSockets, some MB: process.getBuiltinModule("node:http").',
}));

/** One no-restricted-imports block for one folder of src/. */
function importRules(folder, rule) {
  const foreignFolders = Object.keys(IMPORT_TABLE).filter(
    (other) => other !== folder && !rule.folders.includes(other),
  );
  const patterns = [
    {
      group: foreignFolders.flatMap((other) => [
        `../${other}/*`,
        `../../${other}/*`,
        `../../../${other}/*`,
      ]),
      message: `src/${folder} may import only: ${[folder, ...rule.folders].join(", ")}.`,
    },
    {
      group: ALL_PACKAGES.filter((name) => !rule.packages.includes(name)),
      message: `src/${folder} may use only these packages: ${rule.packages.join(", ") || "none"}.`,
    },
    {
      group: COMPOSITION.filter((name) => !(rule.isAppAllowed && name === "app.js")).flatMap(
        (name) => [`../${name}`, `../../${name}`],
      ),
      message: "Files of src/ itself put the parts together; only src/cli imports one, app.ts.",
    },
  ];
  if (rule.isPure)
    patterns.push({
      group: ["node:*"],
      message: `src/${folder} is pure: pass I/O in as an argument.`,
    });
  return {
    files: [`src/${folder}/**/*.ts`],
    rules: {
      "@typescript-eslint/no-restricted-imports": ["error", { patterns, paths: HEAVY_BUILTINS }],
    },
  };
}

const PURE_GLOBALS = [
  { object: "Date", property: "now", message: "Take the time as an argument." },
  { object: "Math", property: "random", message: "Take randomness as an argument." },
];

export default tseslint.config(
  { ignores: ["dist/**", "node_modules/**", "coverage/**", "data/**"] },
  js.configs.recommended,
  {
    files: ["**/*.ts"],
    extends: [...tseslint.configs.strictTypeChecked],
    languageOptions: {
      parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname },
    },
    rules: {
      "@typescript-eslint/switch-exhaustiveness-check": "error",
      "@typescript-eslint/no-floating-promises": "error",
      "@typescript-eslint/restrict-template-expressions": ["error", { allowNumber: true }],
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_" }],
      "@typescript-eslint/require-await": "off",
      "no-else-return": "error",
      "no-nested-ternary": "error",
      "no-restricted-exports": ["error", { restrictDefaultExports: { direct: true } }],
    },
  },
  {
    files: ["src/**/*.ts"],
    rules: {
      "max-lines": ["error", { max: 250, skipBlankLines: true, skipComments: true }],
      "max-params": ["error", { max: 4 }],
      "no-console": "error",
      "@typescript-eslint/no-import-type-side-effects": "error",
      "no-restricted-properties": [
        "error",
        { object: "process", property: "env", message: "Only src/config reads the environment." },
      ],
    },
  },
  {
    files: ["src/*.ts"],
    rules: { "@typescript-eslint/no-restricted-imports": ["error", { paths: HEAVY_BUILTINS }] },
  },
  ...Object.entries(IMPORT_TABLE).map(([folder, rule]) => importRules(folder, rule)),
  ...Object.entries(IMPORT_TABLE)
    .filter(([, rule]) => rule.isPure)
    .map(([folder]) => ({
      files: [`src/${folder}/**/*.ts`],
      rules: {
        "no-restricted-properties": [
          "error",
          { object: "process", property: "env", message: "Only src/config reads the environment." },
          ...PURE_GLOBALS,
        ],
      },
    })),
  { files: ["src/config/**/*.ts"], rules: { "no-restricted-properties": "off" } },
  {
    files: ["**/*.js", "**/*.mjs"],
    languageOptions: { globals: { process: "readonly", console: "readonly", URL: "readonly" } },
  },
  prettier,
);
