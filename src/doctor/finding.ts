// What the doctor finds: a stable id, what is wrong in words, and what mends it. Never holds a secret.

/** Every id with its meaning; ids are never renamed, scripts rely on them. */
export const FINDINGS = {
  "config.fault": "the configuration has a fault; nothing else can be looked at until it is mended",
  "config.warning": "a setting works, but deserves a second look",
  "runtime.unsafe": "a variable or flag makes serving unsafe",
  "store.missing": "there is no store",
  "store.unusable": "the store is damaged, foreign, newer, half restored, or can't be read",
  "store.older": "the store is older than the program, and storage.autoMigrate is off",
  "store.insecure": "others can read or change the store, or put another one in its place",
  "store.leftover": "a restore that was killed left a folder that may hold keys",
  "store.disk": "hardly any space is left on the store's disk",
  "store.network": "the store lies on a network file system, where locks can fail",
  "store.owner": "store and keys belong to different users",
  "store.unconfirmed": "tokens and secrets from before a restore wait to be confirmed",
  "policy-file.unusable": "policy.file can't be read, has faults or can't be applied to this store",
  "policy-file.not-in-force": "what policy.file says and what the store holds differ",
  "keys.missing": "there are no token keys",
  "keys.unusable": "the keys are damaged, expired, don't fit each other or the settings",
  "keys.insecure": "others can read the private keys or change their folder",
  "keys.ending": "a certificate ends soon, or was not renewed by itself",
  "trust.stale": "what registries are given isn't what the keys say",
  "trust.private": "a private key lies in the folder that registries are given",
  "trust.unreadable": "registries that run as another user can't read the trust folder",
  "tls.unusable": "certificate and key of server.tls can't be used, or have expired",
  "tls.ending": "the certificate of server.tls ends soon",
  "tls.insecure": "others can read the private key of server.tls",
  "tls.name": "the certificate of server.tls isn't for the host of server.publicUrl",
  "clock.behind": "the clock is behind what store and keys have already seen",
  "clock.registry": "the clocks of this machine and of the registry differ",
  "port.taken": "another program listens on the port",
  "port.running": "this Dockwarden runs already",
  "port.unusable": "the address can't be listened on",
  "server.down": "nothing answers where this Dockwarden should",
  "server.foreign": "something else answers where this Dockwarden should",
  "server.outdated": "the running server works with other keys, settings or store than these",
  "server.unwell": "the running server reports trouble",
  "public-url.unreachable": "server.publicUrl doesn't answer, seen from this machine",
  "public-url.foreign": "server.publicUrl leads to something else than this Dockwarden",
  "public-url.redirect": "server.publicUrl redirects, and clients don't take their password along",
  "public-url.header-lost": "the proxy before us drops the Authorization header",
  "proxy.no-header": "the proxy doesn't say who the client is",
  "proxy.untrusted": "the proxy says who the client is, but isn't believed",
  "proxy.spoofable": "clients can choose the address that they seem to come from",
  "registry-file.unreadable": "the registry's file can't be read or isn't one",
  "registry-file.no-token": "the registry's file doesn't turn token authentication on",
  "registry-file.two-schemes":
    "the registry's file names token and another scheme, such as htpasswd",
  "registry-file.realm": "auth.token.realm doesn't lead to this Dockwarden",
  "registry-file.service": "auth.token.service is none of token.services",
  "registry-file.issuer": "auth.token.issuer isn't token.issuer",
  "registry-file.bundle": "rootcertbundle is missing, or doesn't hold what our tokens go back to",
  "registry-file.bundle-elsewhere": "rootcertbundle lies where this machine can't look",
  "registry-file.jwks": "jwks doesn't hold the key that signs, or can't work with keys.header",
  "registry-file.algorithms": "signingalgorithms doesn't have keys.algorithm",
  "registry-file.autoredirect": "autoredirect makes the registry ignore its realm",
  "registry.unreachable": "the registry doesn't answer",
  "registry.tls": "the registry's certificate isn't accepted, or one side speaks plain HTTP",
  "registry.redirect": "the address given redirects elsewhere",
  "registry.foreign": "what answers there isn't a registry, or isn't well",
  "registry.open": "the registry lets everybody in without a token",
  "registry.basic": "the registry asks for a password itself (htpasswd), not for our token",
  "registry.realm": "the registry sends clients to another realm",
  "registry.service": "the registry's service is none of token.services",
  "registry.issuer": "the registry trusts our key, but expects another issuer",
  "registry.header": "the registry finds our key only by another header than keys.header",
  "registry.token-refused":
    "the registry refuses our tokens: another certificate, or another issuer",
  "registry.header-lost": "a proxy before the registry drops the Authorization header",
  "gate.not-asked": "the door passes requests to the registry without asking the gate",
  "gate.unwell": "the door asks the gate, and doesn't hand on its refusal",
  "gate.bypass": "clients can reach the registry past the gate",
} as const satisfies Readonly<Record<string, string>>;

export type FindingId = keyof typeof FINDINGS;

/** One step of mending. `edit` with `value` null takes the key out; `file` null: the file is not known here. */
export type Mend =
  | { readonly kind: "run"; readonly command: string }
  | {
      readonly kind: "edit";
      readonly file: string | null;
      readonly key: string;
      readonly value: SettingValue | null;
    }
  | {
      readonly kind: "variable";
      /** A file of `NAME=value` lines; null: the environment itself. */
      readonly file: string | null;
      readonly name: string;
      readonly value: string | null;
    }
  | { readonly kind: "restart"; readonly what: "registry" | "server" }
  | { readonly kind: "do"; readonly words: string };

export type SettingValue = string | number | boolean | readonly string[];

export interface Finding {
  readonly id: FindingId;
  /** `fault`: something doesn't work or isn't safe (exit 1). `warning`: it works for now. */
  readonly severity: "fault" | "warning";
  readonly what: string;
  /** Steps, in order; never empty. */
  readonly mends: readonly Mend[];
}

/** Something that doesn't work or isn't safe. */
export function fault(id: FindingId, what: string, ...mends: readonly Mend[]): Finding {
  return { id, severity: "fault", what, mends };
}

/** Something that works for now. */
export function warning(id: FindingId, what: string, ...mends: readonly Mend[]): Finding {
  return { id, severity: "warning", what, mends };
}

/** A path as a shell takes it. */
export function quote(path: string): string {
  return /^[\w./:@+-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

/**
 * Splits a sentence of ours, `what is wrong; run COMMAND` or `what is wrong; what to do`, into finding and remedy.
 * Where it advises several things, the command alone is kept: `…; run chmod o-w /x, or move the store`.
 */
export function splitAdvice(
  sentence: string,
  dockwarden: (words: string) => string,
): { readonly what: string; readonly mend: Mend } {
  const found = /^(.*?)[;:] (?:[^;]*: )?run ((?:dockwarden|chmod|chown|npm) .*?)(?:, or .*)?$/.exec(
    sentence,
  );
  // What needs a file that only a person can name is no line to run.
  if (found !== null && !sentence.endsWith("with a new one")) {
    const [, what = "", command = ""] = found;
    const words = /^dockwarden (.*)$/.exec(command)?.[1];
    return {
      what,
      mend: { kind: "run", command: words === undefined ? command : dockwarden(words) },
    };
  }
  const at = Math.max(sentence.lastIndexOf("; "), sentence.lastIndexOf(": run "));
  if (at === -1) return { what: sentence, mend: { kind: "do", words: sentence } };
  return { what: sentence.slice(0, at), mend: { kind: "do", words: sentence.slice(at + 2) } };
}
