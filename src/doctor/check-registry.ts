// A registry that runs: reachable, asking for our tokens, and taking one. Sends nothing but GET /v2/ to the address given.
import { checkRegistryClock } from "./check-clock.js";
import { parseChallenge, type Challenge } from "./challenge.js";
import { fault, type Finding } from "./finding.js";
import { httpGet, type Answer } from "./http-get.js";
import { explainRealm, realmOf } from "./realm.js";
import { registrySetting, type Site } from "./site.js";
import { tokenSection } from "./token-section.js";
import { checkTokens } from "./try-tokens.js";

/** Nothing where no address was given. */
export async function checkRegistry(site: Site): Promise<readonly Finding[]> {
  if (site.registryUrl === null) return [];
  const url = new URL("/v2/", site.registryUrl);
  const answer = await httpGet(url);
  if (!answer.ok) return [explainSilence(url, answer.code)];
  const clock = checkRegistryClock(answer.skewSeconds);
  const strange = explainStrange(site, url, answer);
  if (strange !== null) return [...clock, strange];
  const challenge = parseChallenge(answer.headers["www-authenticate"]);
  if (challenge?.scheme !== "bearer") return [...clock, explainBasic(site)];
  const findings = checkChallenge(site, challenge);
  // A clock that is wrong by a minute explains every refusal: nothing else can be learnt from them.
  if (clock.some(({ severity }) => severity === "fault")) return [...clock, ...findings];
  const service = challenge.parameters.get("service") ?? "";
  return [...clock, ...findings, ...(await checkTokens(site, url, service))];
}

const TLS_MISMATCH: readonly string[] = [
  "EPROTO",
  "ERR_SSL_WRONG_VERSION_NUMBER",
  "HPE_INVALID_CONSTANT",
];

function explainSilence(url: URL, code: string): Finding {
  if (TLS_MISMATCH.includes(code) || code.startsWith("ERR_SSL")) {
    const other = url.protocol === "https:" ? "http:" : "https:";
    const words = `ask it by ${other}//${url.host}, or turn TLS on there`;
    return fault("registry.tls", `${url.origin} speaks another protocol (${code})`, {
      kind: "do",
      words,
    });
  }
  if (/CERT|SELF_SIGNED|UNABLE_TO|ALTNAME/.test(code)) {
    const what = `the certificate of ${url.origin} isn't accepted (${code}); docker won't accept it either`;
    const words =
      "give the registry a certificate for this name, with its whole chain; for a CA of your own: NODE_EXTRA_CA_CERTS=ca.pem dockwarden doctor …, and docs/tls.md for clients";
    return fault("registry.tls", what, { kind: "do", words });
  }
  const reasons: Readonly<Record<string, string>> = {
    ECONNREFUSED:
      "start the registry (its log says why it ended), or give the address it listens on",
    ENOTFOUND: "this name has no address: correct it, or the DNS",
    EAI_AGAIN: "this name has no address just now: look at the DNS",
    ETIMEDOUT: "a firewall or a wrong address: nothing came back within 5 seconds",
  };
  const words = reasons[code] ?? "look whether the registry runs and at its log";
  return fault("registry.unreachable", `${url.origin} doesn't answer (${code})`, {
    kind: "do",
    words,
  });
}

/** Anything but a 401. */
function explainStrange(site: Site, url: URL, answer: Answer): Finding | null {
  const { status, headers } = answer;
  if (status === 401) return null;
  if (status >= 300 && status < 400) {
    const to = headers.location ?? "nowhere";
    const what = `${url.href} redirects to ${JSON.stringify(to)}; the doctor doesn't follow`;
    return fault("registry.redirect", what, {
      kind: "do",
      words: "give the address that it leads to",
    });
  }
  const isRegistry = headers["docker-distribution-api-version"] !== undefined;
  if (status === 200 && isRegistry) {
    const what = "the registry lets everybody in: it has no authentication";
    return fault("registry.open", what, ...tokenLines(site));
  }
  const what = `${url.href} answers ${status}; a registry that asks for a token answers 401`;
  const words =
    "give the address that clients use, without a path; behind a proxy see that it passes /v2/ on";
  return fault("registry.foreign", what, { kind: "do", words });
}

function explainBasic(site: Site): Finding {
  const what =
    "the registry asks for a password itself (Basic, htpasswd) and never sends clients here";
  const cut = registrySetting(site, "auth.htpasswd", null).slice(0, 1);
  return fault("registry.basic", what, ...cut, ...tokenLines(site));
}

function tokenLines(site: Site) {
  const steps = tokenSection(site.loaded.config).flatMap(([key, value]) =>
    registrySetting(site, key, value),
  );
  return [...steps.filter(({ kind }) => kind !== "restart"), ...steps.slice(-1)];
}

function checkChallenge(site: Site, { parameters }: Challenge): readonly Finding[] {
  const { config } = site.loaded;
  const findings: Finding[] = [];
  const wrong = explainRealm(parameters.get("realm") ?? null, config);
  if (wrong !== null) {
    const mends = registrySetting(site, "auth.token.realm", realmOf(config));
    findings.push(fault("registry.realm", `the registry's realm ${wrong}`, ...mends));
  }
  const service = parameters.get("service") ?? "";
  if (!config.token.services.includes(service)) {
    const what = `the registry's service is ${JSON.stringify(service)}; ours: ${config.token.services.join(", ")} (token.services)`;
    const mends = registrySetting(site, "auth.token.service", config.token.services[0] ?? "");
    findings.push(fault("registry.service", what, ...mends));
  }
  return findings;
}
