// The certificate and key of `server.tls.mode: files`, read and tried before anything listens.
import { readFileSync } from "node:fs";
import { createSecureContext } from "node:tls";
import { err, ok, type Result } from "./domain/result.js";
import type { StartFault } from "./start-fault.js";

/** PEM texts; null: this server does no TLS of its own. */
export type Tls = { readonly cert: string; readonly key: string } | null;

interface TlsSettings {
  readonly mode: "off" | "proxy" | "files";
  readonly cert: string | null;
  readonly key: string | null;
}

/** The two files as a pair that fits, or the fault (exit code 78) that names the file. */
export function readTls(settings: TlsSettings): Result<Tls, StartFault> {
  if (settings.mode !== "files") return ok(null);
  const cert = readPem("server.tls.cert", settings.cert ?? "");
  if (!cert.ok) return cert;
  const key = readPem("server.tls.key", settings.key ?? "");
  if (!key.ok) return key;
  try {
    createSecureContext({ cert: cert.value, key: key.value });
  } catch {
    return fault(
      "server.tls.cert and server.tls.key can't be used together; name a PEM certificate chain and its own PEM key without a passphrase",
    );
  }
  return ok({ cert: cert.value, key: key.value });
}

function readPem(name: string, path: string): Result<string, StartFault> {
  try {
    return ok(readFileSync(path, "utf8"));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return fault(`${name}: ${path} can't be read (${code ?? "unknown"}); name a PEM file`);
  }
}

function fault(message: string): Result<never, StartFault> {
  return err({ exitCode: 78, message });
}
