// Which of our tokens does a registry take? Tokens without any right, signed here with the keys at hand.
import { randomBytes } from "node:crypto";
import type { KeyHeader } from "../domain/key.js";
import { parseChallenge } from "./challenge.js";
import { fault, type Finding } from "./finding.js";
import { httpGet } from "./http-get.js";
import {
  command,
  registrySetting,
  RESTART_REGISTRY,
  RESTART_SERVER,
  setting,
  type Site,
} from "./site.js";

const LIFE_SECONDS = 60;
/** As issued tokens have it: registries' clocks may run behind. */
const NOT_BEFORE_SLACK_SECONDS = 10;
const HEADERS: readonly KeyHeader[] = ["x5c", "kid-libtrust", "kid-rfc7638"];
/** What examples and other token servers have; a registry that was moved here may still expect one of them. */
const FREQUENT_ISSUERS: readonly string[] = [
  "dockwarden",
  "registry-token-issuer",
  "Docker registry",
  "Auth Service",
  "Acme auth server",
  "docker_auth",
  "gitlab-issuer",
  "harbor-token-issuer",
];

interface Attempt {
  readonly service: string;
  readonly issuer: string;
  readonly header: KeyHeader;
}

/** Explains a refusal as exactly as can be known from outside; nothing where our token is taken, or no key is at hand. */
export async function checkTokens(
  site: Site,
  url: URL,
  service: string,
): Promise<readonly Finding[]> {
  const { ring } = site.keys;
  if (ring === null) return [];
  const { token, keys } = site.loaded.config;
  const usual: Attempt = { service, issuer: token.issuer, header: keys.header };
  const tried = await tryToken(site, url, usual);
  if (tried === "taken" || tried === "unknown") return [];
  if (tried === "unseen" && (await isHeaderLost(url))) return [explainLost()];
  for (const header of HEADERS.filter((one) => one !== keys.header)) {
    if ((await tryToken(site, url, { ...usual, header })) !== "taken") continue;
    const what = `the registry refuses tokens with keys.header ${keys.header}, and takes them with ${header}`;
    return [fault("registry.header", what, setting(site, "keys.header", header), RESTART_SERVER)];
  }
  for (const issuer of likelyIssuers(site, url)) {
    if ((await tryToken(site, url, { ...usual, issuer })) !== "taken") continue;
    const what = `the registry trusts our key, but expects the issuer ${JSON.stringify(issuer)}; token.issuer is ${JSON.stringify(token.issuer)}`;
    const mends = registrySetting(site, "auth.token.issuer", token.issuer);
    return [fault("registry.issuer", what, ...mends)];
  }
  return [explainRefusal(site)];
}

/** `unseen`: refused as if no token had come. `unknown`: no 200 and no 401. */
type Outcome = "taken" | "refused" | "unseen" | "unknown";

async function tryToken(site: Site, url: URL, attempt: Attempt): Promise<Outcome> {
  const { ring } = site.keys;
  if (ring === null) return "unknown";
  const claims = {
    issuer: attempt.issuer,
    subject: "",
    audience: attempt.service,
    issuedAt: site.now,
    notBefore: site.now - NOT_BEFORE_SLACK_SECONDS,
    expiresAt: site.now + LIFE_SECONDS,
    tokenId: randomBytes(16).toString("base64url"),
    access: [],
    holder: null,
  };
  return send(url, await ring.sign(claims, attempt.header));
}

async function send(url: URL, token: string): Promise<Outcome> {
  const answer = await httpGet(url, { headers: { Authorization: `Bearer ${token}` } });
  if (!answer.ok) return "unknown";
  if (answer.status === 200) return "taken";
  if (answer.status !== 401) return "unknown";
  const challenge = parseChallenge(answer.headers["www-authenticate"]);
  return challenge?.parameters.get("error") === undefined ? "unseen" : "refused";
}

/** A registry says `invalid_token` of nonsense in every version; one that says nothing has not got it. */
async function isHeaderLost(url: URL): Promise<boolean> {
  return (await send(url, "doctor")) === "unseen";
}

function likelyIssuers(site: Site, url: URL): readonly string[] {
  const { server, token } = site.loaded.config;
  const fromFile = site.registryFile?.settings.get("auth.token.issuer")?.value;
  const lower = token.issuer.toLowerCase();
  const likely = [
    ...(typeof fromFile === "string" ? [fromFile] : []),
    lower,
    lower.charAt(0).toUpperCase() + lower.slice(1),
    server.publicUrl,
    new URL(server.publicUrl).host,
    url.host,
    url.hostname,
    ...token.services,
    ...FREQUENT_ISSUERS,
  ];
  return [...new Set(likely)].filter((issuer) => issuer !== token.issuer);
}

function explainLost(): Finding {
  const what =
    "the registry doesn't get to see our token: something before it drops the Authorization header";
  const words =
    "in the proxy before the registry (nginx): proxy_set_header Authorization $http_authorization;";
  return fault("registry.header-lost", what, { kind: "do", words });
}

/** Issuer and key can't be told apart from outside: the registry answers both alike, its log doesn't. */
function explainRefusal(site: Site): Finding {
  const { keys, token } = site.loaded.config;
  const what =
    'the registry refuses our tokens (a login succeeds, everything after it is 401): it trusts another certificate ("token signed by untrusted key with ID", "certificate signed by unknown authority") or another issuer ("token from untrusted issuer")';
  const bundle = `${keys.trustDirectory}/token-ca.pem`;
  const trust = registrySetting(site, "auth.token.rootcertbundle", bundle);
  const issuer = registrySetting(site, "auth.token.issuer", token.issuer);
  const steps = [...trust, ...issuer].filter(({ kind }) => kind !== "restart");
  return fault(
    "registry.token-refused",
    what,
    command(site, "key list"),
    ...steps,
    RESTART_REGISTRY,
  );
}
