// With policy.tagEnforcement gate a token alone opens too much: does the door ask the gate, and is the door the only way in?
import { randomBytes } from "node:crypto";
import { registryUrlsOf } from "../config/registry-urls.js";
import { parseChallenge } from "./challenge.js";
import { fault, type Finding, type Mend } from "./finding.js";
import { httpGet } from "./http-get.js";
import { registrySetting, type Site } from "./site.js";

/** As long as an issued one may live at least. */
const LIFE_SECONDS = 60;
/** Registries take a token for a minute beyond its end; the gate doesn't. */
const OVER_FOR_SECONDS = 5;

/** What one of our tokens may do there: `asked` is the gate's 403 or 401, `open` anything that the registry itself answers. */
type Outcome = "asked" | "open" | "silent" | { readonly status: number };

export interface GateExamination {
  readonly looked: readonly string[];
  readonly findings: readonly Finding[];
}

const NOTHING: GateExamination = { looked: [], findings: [] };

/**
 * Nothing where tags are not told apart, or before the start. Sends requests for a manifest that doesn't exist, with tokens for nobody, to the door
 * (`--registry`, else server.publicUrl where that is one), to `--past`, and to where the registry's file lets it listen.
 */
export async function checkGate(site: Site, isTokenTaken: boolean): Promise<GateExamination> {
  const { config } = site.loaded;
  if (config.policy.tagEnforcement !== "gate" || site.isBeforeStart) return NOTHING;
  if (site.keys.ring === null) return NOTHING;
  const door = site.registryUrl ?? new URL(config.server.publicUrl);
  const service = await findService(door);
  const findings: Finding[] = [];
  const looked: string[] = [];
  if (service !== null && isTokenTaken) {
    looked.push(`the gate before ${door.origin}`);
    findings.push(...explainDoor(site, door, await tryTwice(site, door, service)));
  }
  for (const past of findWaysPast(site, door)) {
    const own = (await findService(past)) ?? service ?? config.token.services[0] ?? "";
    looked.push(`past the gate: ${past.origin}`);
    const outcome = await tryPast(site, past, own);
    if (outcome.isOpen) findings.push(explainPast(site, outcome.url));
  }
  return { looked, findings };
}

/** The service of the registry that asks for a token there; null: there is none. */
async function findService(place: URL): Promise<string | null> {
  const answer = await httpGet(new URL("/v2/", place));
  if (!answer.ok || answer.status !== 401) return null;
  const challenge = parseChallenge(answer.headers["www-authenticate"]);
  return challenge?.scheme === "bearer" ? (challenge.parameters.get("service") ?? null) : null;
}

/** A rule may open everything to everybody; then a token that is over tells the gate from the registry. */
async function tryTwice(site: Site, place: URL, service: string): Promise<Outcome> {
  const first = await tryManifest(site, place, { service, endsIn: LIFE_SECONDS });
  if (first !== "open") return first;
  return tryManifest(site, place, { service, endsIn: -OVER_FOR_SECONDS });
}

interface Attempt {
  readonly service: string;
  readonly endsIn: number;
}

async function tryManifest(site: Site, place: URL, attempt: Attempt): Promise<Outcome> {
  const { ring } = site.keys;
  if (ring === null) return "silent";
  const repository = `dockwarden-doctor-${randomBytes(8).toString("hex")}`;
  const expiresAt = site.now + attempt.endsIn;
  const { token, keys } = site.loaded.config;
  const claims = {
    issuer: token.issuer,
    subject: "",
    audience: attempt.service,
    issuedAt: expiresAt - LIFE_SECONDS,
    notBefore: expiresAt - LIFE_SECONDS - OVER_FOR_SECONDS,
    expiresAt,
    tokenId: randomBytes(16).toString("base64url"),
    access: [{ type: "repository", name: repository, actions: ["pull"] } as const],
    holder: null,
  };
  const signed = await ring.sign(claims, keys.header);
  const url = new URL(`/v2/${repository}/manifests/denied`, place);
  const answer = await httpGet(url, { headers: { Authorization: `Bearer ${signed}` } });
  if (!answer.ok) return "silent";
  if (answer.status === 403 || answer.status === 401) return "asked";
  // NOTE a registry that was not asked about the tag has no such manifest.
  return answer.status === 404 || answer.status < 300 ? "open" : { status: answer.status };
}

function explainDoor(site: Site, door: URL, outcome: Outcome): readonly Finding[] {
  if (outcome === "asked") return [];
  if (outcome === "open") {
    const what = `the door at ${door.origin} doesn't ask the gate: with policy.tagEnforcement gate its tokens open tags that nobody may read`;
    return [fault("gate.not-asked", what, gateLines(site))];
  }
  const shown = outcome === "silent" ? "nothing" : String(outcome.status);
  const what = `the door at ${door.origin} answers ${shown} to a tag that nobody may read; the gate's refusal is 403`;
  const words =
    "look at the door's error log and at this server's: the door must reach GET /authz and hand on its 403";
  return [fault("gate.unwell", what, { kind: "do", words })];
}

function gateLines(site: Site): Mend {
  const { server, gate } = site.loaded.config;
  const port = String(server.internalPort ?? server.port);
  const words =
    gate.headers === "forwarded"
      ? `in the proxy before /v2/ (Caddy): forward_auth HOST:${port} { uri /authz } (docs/gate-proxies.md; Traefik there, too)`
      : `in the proxy before /v2/ (nginx): auth_request /_gate; location = /_gate { internal; proxy_pass http://HOST:${port}/authz; proxy_pass_request_body off; proxy_set_header Content-Length ""; proxy_set_header X-Original-URI $request_uri; proxy_set_header X-Original-Method $request_method; } (whole in docs/gate-proxies.md)`;
  return { kind: "do", words };
}

/** Addresses that may lead to the registry without the door. */
function findWaysPast(site: Site, door: URL): readonly URL[] {
  const origins = new Set([
    ...[...registryUrlsOf(site.loaded.config).values()].filter(isReachableByOthers),
    ...site.past.map(({ origin }) => origin),
    ...findListener(site, door),
  ]);
  origins.delete(door.origin);
  return [...origins].map((origin) => new URL(origin));
}

/** The loopback address is this machine's own, and a name without a dot is known in a private network alone (`registry:5000`). */
function isReachableByOthers(origin: string): boolean {
  const { hostname } = new URL(origin);
  if (/^127\.|^\[::1\]$/.test(hostname)) return false;
  return hostname.includes(".") || hostname.startsWith("[");
}

/** Where the registry's own file lets it listen, on the door's host; none where that is this machine's loopback address. */
function findListener(site: Site, door: URL): readonly string[] {
  const address = site.registryFile?.settings.get("http.addr")?.value;
  const found = /^(.*):(\d+)$/.exec(typeof address === "string" ? address : "");
  if (found === null) return [];
  const [, host = "", port = ""] = found;
  if (/^(?:localhost|127\..*|\[::1\])$/.test(host)) return [];
  return [`http://${door.hostname}:${port}`];
}

async function tryPast(
  site: Site,
  place: URL,
  service: string,
): Promise<{ readonly isOpen: boolean; readonly url: URL }> {
  const first = await tryTwice(site, place, service);
  if (first === "open") return { isOpen: true, url: place };
  // A registry with TLS of its own answers plain HTTP with 400, or not at all.
  const isOther = first === "silent" || (typeof first === "object" && first.status === 400);
  if (place.protocol === "https:" || !isOther) return { isOpen: false, url: place };
  const secure = new URL(`https://${place.host}`);
  return { isOpen: (await tryTwice(site, secure, service)) === "open", url: secure };
}

function explainPast(site: Site, place: URL): Finding {
  const what = `clients can go past the gate: the registry answers at ${place.origin} itself, where nobody tells tags apart`;
  const words = `close that port to everybody but the proxy and this server: publish it on 127.0.0.1 or in a private network only`;
  const mends = listenOnLoopback(site, place);
  return fault(
    "gate.bypass",
    what,
    ...(mends.length > 0 ? mends : [{ kind: "do", words } as const]),
  );
}

/** Where it is the registry's own file that says so. */
function listenOnLoopback(site: Site, place: URL): readonly Mend[] {
  const address = site.registryFile?.settings.get("http.addr")?.value;
  if (typeof address !== "string" || !address.endsWith(`:${place.port}`)) return [];
  return registrySetting(site, "http.addr", `127.0.0.1:${place.port}`);
}
