// The registry's own configuration against ours: realm, service, issuer, and what it trusts.
import type { RegistryFile } from "../config/registry-file.js";
import { fault, warning, type Finding } from "./finding.js";
import { checkBundle, checkJwks } from "./check-registry-trust.js";
import { explainRealm, realmOf } from "./realm.js";
import { registrySetting, type Site } from "./site.js";
import { tokenSection } from "./token-section.js";

/** Nothing where no file was named. */
export function checkRegistryFile(site: Site): readonly Finding[] {
  const file = site.registryFile;
  if (file === null) return [];
  if (file.fault !== null) {
    const words = "name the registry's config.yml, or a file of its REGISTRY_… variables";
    return [fault("registry-file.unreadable", `${file.path} ${file.fault}`, { kind: "do", words })];
  }
  const scheme = checkScheme(site, file);
  if (!usesToken(file)) return scheme;
  return [
    ...scheme,
    ...checkRealm(site, file),
    ...checkNames(site, file),
    ...checkBundle(site, file),
    ...checkJwks(site, file),
    ...checkAlgorithms(site, file),
  ];
}

function usesToken({ schemes, chosen }: RegistryFile): boolean {
  return chosen === null ? schemes.includes("token") : chosen === "token";
}

function checkScheme(site: Site, file: RegistryFile): readonly Finding[] {
  const { schemes, chosen } = file;
  const others = schemes.filter((scheme) => scheme !== "token");
  if (!usesToken(file)) {
    const found = chosen ?? others.join(", ");
    const what =
      found === ""
        ? "the registry has no section auth: it lets everybody in"
        : `the registry's auth is ${found}, not token: it doesn't ask for our tokens`;
    return [fault("registry-file.no-token", what, ...turnOn(site, file, others))];
  }
  if (chosen !== null || others.length === 0) return [];
  const what = `auth names token and ${others.join(", ")}; a registry takes exactly one`;
  const remove =
    file.form === "variables" || isByVariable(file)
      ? registryVariable(site, "auth", "token")
      : others.flatMap((scheme) => registrySetting(site, `auth.${scheme}`, null));
  return [fault("registry-file.two-schemes", what, ...remove)];
}

const isByVariable = (file: RegistryFile): boolean =>
  [...file.settings].some(
    ([key, { origin }]) => key.startsWith("auth.") && origin === "environment",
  );

/** REGISTRY_AUTH has no counterpart in YAML. */
function registryVariable(site: Site, key: string, value: string) {
  const isFile = site.registryFile?.form === "variables";
  const file = isFile ? site.registryFile.path : null;
  const name = `REGISTRY_${key.replaceAll(".", "_").toUpperCase()}`;
  return [
    { kind: "variable", file, name, value } as const,
    { kind: "restart", what: "registry" } as const,
  ];
}

/** The whole section, other schemes taken out. */
function turnOn(site: Site, file: RegistryFile, others: readonly string[]) {
  const missing = tokenSection(site.loaded.config).filter(
    ([key, value]) => file.settings.get(key)?.value !== value,
  );
  const set = missing.flatMap(([key, value]) => registrySetting(site, key, value).slice(0, 1));
  if (file.form === "variables" || isByVariable(file)) {
    return [...set, ...registryVariable(site, "auth", "token")];
  }
  const cut = others.flatMap((scheme) => registrySetting(site, `auth.${scheme}`, null).slice(0, 1));
  return [...cut, ...set, { kind: "restart", what: "registry" } as const];
}

function checkRealm(site: Site, file: RegistryFile): readonly Finding[] {
  const { config } = site.loaded;
  const realm = textOf(file, "auth.token.realm");
  const wrong = explainRealm(realm, config);
  const findings: Finding[] = [];
  if (wrong !== null) {
    const mends = registrySetting(site, "auth.token.realm", realmOf(config));
    findings.push(fault("registry-file.realm", `auth.token.realm ${wrong}`, ...mends));
  }
  if (textOf(file, "auth.token.autoredirect") === "true") {
    const what =
      "auth.token.autoredirect is true: the registry sends clients to its own host, /auth/token, and not to the realm";
    const mends = registrySetting(site, "auth.token.autoredirect", false);
    findings.push(warning("registry-file.autoredirect", what, ...mends));
  }
  return findings;
}

function checkNames(site: Site, file: RegistryFile): readonly Finding[] {
  const { token } = site.loaded.config;
  const findings: Finding[] = [];
  const service = textOf(file, "auth.token.service");
  if (service === null || !token.services.includes(service)) {
    const is = service === null ? "is missing" : `is ${JSON.stringify(service)}`;
    const what = `auth.token.service ${is}; ours: ${token.services.join(", ")} (token.services)`;
    const mends = registrySetting(site, "auth.token.service", token.services[0] ?? "");
    findings.push(fault("registry-file.service", what, ...mends));
  }
  const issuer = textOf(file, "auth.token.issuer");
  if (issuer !== token.issuer) {
    const is = issuer === null ? "is missing" : `is ${JSON.stringify(issuer)}`;
    const what = `auth.token.issuer ${is}, token.issuer is ${JSON.stringify(token.issuer)}; they must be equal, letter by letter`;
    const mends = registrySetting(site, "auth.token.issuer", token.issuer);
    findings.push(fault("registry-file.issuer", what, ...mends));
  }
  return findings;
}

function checkAlgorithms(site: Site, file: RegistryFile): readonly Finding[] {
  const listed = file.settings.get("auth.token.signingalgorithms")?.value;
  const { algorithm } = site.loaded.config.keys;
  if (listed === undefined || listed.includes(algorithm)) return [];
  const names = typeof listed === "string" ? [listed] : listed;
  const what = `auth.token.signingalgorithms (${names.join(", ")}) lacks ${algorithm}, with which tokens are signed (keys.algorithm)`;
  const mends = registrySetting(site, "auth.token.signingalgorithms", [...names, algorithm]);
  return [fault("registry-file.algorithms", what, ...mends)];
}

/** A setting that is text; null where it is missing, empty or a list. */
export function textOf(file: RegistryFile, key: string): string | null {
  const value = file.settings.get(key)?.value;
  return typeof value === "string" && value !== "" ? value : null;
}
