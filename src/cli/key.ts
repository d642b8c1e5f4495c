// `dockwarden key …`: the token CA and signing keys.
import type { Command } from "commander";
import { holdInstallation, openKeys, readImportFiles } from "../app.js";
import type { KeyFault, KeyStore, KeySummary } from "../domain/key.js";
import type { Result } from "../domain/result.js";
import { CliExit, orExit } from "./exit.js";
import { formatEnd, formatTable } from "./output.js";
import type { Session } from "./session.js";

interface RotateOptions {
  readonly ca?: boolean;
  readonly prepare?: boolean;
  readonly activate?: boolean;
}

/** No restore begins before `act` has ended. */
async function withKeys<T>(session: Session, act: (keys: KeyStore) => T | Promise<T>): Promise<T> {
  const loaded = session.loadConfig();
  const release = orExit(holdInstallation(loaded));
  try {
    return await act(orExit(await openKeys(loaded, { mayCreate: false })));
  } finally {
    release();
  }
}

function orFault<T>(result: Result<T, KeyFault>): T {
  if (result.ok) return result.value;
  throw new CliExit(result.error.code === "not-writable" ? 3 : 1, result.error.message);
}

function toPublic(key: KeySummary): Record<string, unknown> {
  return { ...key, notBefore: formatEnd(key.notBefore), notAfter: formatEnd(key.notAfter) };
}

/** Adds the verbs of `key`. */
export function addKeyCommands(program: Command, session: Session): void {
  const key = program.command("key").description("the token CA and signing keys");
  key
    .command("list")
    .alias("ls")
    .description("every key, its state and its end")
    .action(async () => {
      const keys = await withKeys(session, (open) => open.list());
      const rows = keys.map((entry) => [
        entry.id,
        entry.role,
        entry.state,
        entry.algorithm,
        formatEnd(entry.notAfter),
        entry.isImported ? "imported" : "own",
        entry.kid ?? "",
      ]);
      const head = ["id", "role", "state", "algorithm", "ends", "origin", "kid"];
      session.answer(keys.map(toPublic), formatTable(head, rows));
    });
  key
    .command("rotate")
    .description("a new signing key; with keys.header x5c no registry needs to know")
    .option("--ca", "publish a new CA beside the present one")
    .option("--prepare", "kid modes: publish a new key without using it")
    .option("--activate", "sign with what was prepared")
    .action((options: RotateOptions) => rotate(session, options));
  key
    .command("import")
    .description("bring an existing key and its certificate")
    .requiredOption("--key <file>", "private key, PEM, RSA or EC P-256")
    .requiredOption("--cert <file>", "its certificate, PEM")
    .option("--ca", "it is a CA that is to issue our signing certificates")
    .action(async (options: { key: string; cert: string; ca?: boolean }) => {
      const { modeCheck } = session.loadConfig().config.keys;
      const paths = { keyFile: options.key, certificateFile: options.cert };
      const files = orFault(readImportFiles({ ...paths, isCa: options.ca === true }, modeCheck));
      const imported = orFault(await withKeys(session, (keys) => keys.importKey(files)));
      session.answer(toPublic(imported), `${describe(imported)}${nextStep(imported)}`);
    });
  key
    .command("export-bundle")
    .description("the certificates that registries should trust (rootcertbundle)")
    .action(async () => {
      const pem = await withKeys(session, (keys) => keys.bundlePem());
      session.answer({ bundle: pem }, pem);
    });
  key
    .command("export-jwks")
    .description("the published signing keys as a JWK set")
    .action(async () => {
      const jwks = await withKeys(session, (keys) => keys.jwks());
      session.io.out(`${JSON.stringify(jwks, null, 2)}\n`);
    });
}

function describe(key: KeySummary): string {
  return `${key.role} key ${key.id} (${key.algorithm}) is ${key.state}, until ${formatEnd(key.notAfter)}\n`;
}

function nextStep(key: KeySummary): string {
  if (key.state !== "prepared") return "";
  const known =
    key.isImported && key.role === "signing" ? "; if they trust it already, at once" : "";
  return `next: give registries the new trust files, restart them, then run dockwarden key rotate --activate${known}\n`;
}

async function rotate(session: Session, options: RotateOptions): Promise<void> {
  const count = [options.ca, options.prepare, options.activate].filter(Boolean).length;
  if (count > 1) throw new CliExit(2, "give one of --ca, --prepare and --activate");
  const act = (keys: KeyStore): Promise<Result<KeySummary, KeyFault>> => {
    if (options.ca === true) return keys.rotateCa();
    if (options.prepare === true) return keys.prepare();
    if (options.activate === true) return keys.activate();
    return keys.rotate();
  };
  const made = orFault(await withKeys(session, act));
  const services = session.loadConfig().config.token.services.join(", ");
  const restart = made.state === "prepared" ? `registries to restart: ${services}\n` : "";
  session.answer(toPublic(made), `${describe(made)}${restart}${nextStep(made)}`);
}
