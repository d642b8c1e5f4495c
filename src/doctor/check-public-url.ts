// server.publicUrl as clients see it: does it lead to us, and does the proxy before us say who the client is?
import { fault, warning, type Finding, type Mend } from "./finding.js";
import { parseObject } from "./health-report.js";
import { httpGet, type Answer, type NoAnswer } from "./http-get.js";
import { RESTART_SERVER, setting, type Site } from "./site.js";

/** An address of documentation (RFC 5737): nobody's, so whoever is taken for it was believed without a reason. */
const INVENTED = "192.0.2.77";
/** No name and password in there: refused with 401, whoever sends it. */
const DAMAGED = "Basic doctor";

/**
 * Asks for an anonymous token without any scope there, as a client does. Nothing is signed in or changed. `isCurrent`: our
 * own listener has these keys, settings and store, so an answer with others comes from somebody else.
 */
export async function checkPublicUrl(site: Site, isCurrent: boolean): Promise<readonly Finding[]> {
  const { server, token } = site.loaded.config;
  const service = token.services[0] ?? "";
  const url = new URL(`${server.publicUrl}/token?service=${encodeURIComponent(service)}`);
  const certificate =
    site.tls.ok && site.tls.value !== null ? { trusted: site.tls.value.cert } : {};
  const ask = (headers: Readonly<Record<string, string>>): Promise<Answer | NoAnswer> =>
    httpGet(url, { headers: { "Dockwarden-Doctor": "1", ...headers }, ...certificate });
  const answer = await ask({ "X-Forwarded-For": INVENTED });
  if (!answer.ok) {
    const what = `${server.publicUrl} doesn't answer, seen from this machine (${answer.code})`;
    const words = "see that clients reach it, or set server.publicUrl to the address that they use";
    return [warning("public-url.unreachable", what, { kind: "do", words })];
  }
  const wrong = explainAnswer(site, answer, isCurrent);
  if (wrong !== null) return [wrong];
  const note = readNote(answer);
  // The connection that we made is the one that the server has: no proxy stands between.
  if (note?.port === answer.localPort) return [];
  const lost = explainLost(site, await ask({ Authorization: DAMAGED }));
  return [...lost, ...(note === null ? [] : explainProxy(site, note))];
}

/** Refused before anybody looks for an account; one that never came is answered as nobody's request is. */
function explainLost(site: Site, answer: Answer | NoAnswer): readonly Finding[] {
  if (!answer.ok || answer.status !== 200) return [];
  const what = `${site.loaded.config.server.publicUrl}/token doesn't get to see who asks: something before it drops the Authorization header, and everybody is nobody`;
  const words = "in the proxy (nginx): proxy_set_header Authorization $http_authorization;";
  return [fault("public-url.header-lost", what, { kind: "do", words })];
}

function explainAnswer(site: Site, answer: Answer, isCurrent: boolean): Finding | null {
  if (answer.status >= 300 && answer.status < 400) return explainRedirect(site, answer);
  const { publicUrl } = site.loaded.config.server;
  const words =
    "let the proxy pass /token to this Dockwarden, or set server.publicUrl to the address that leads here";
  const foreign = (what: string): Finding =>
    fault("public-url.foreign", what, { kind: "do", words });
  const token = readToken(parseObject(answer.body)["token"]);
  if (token === null && !isErrorOfOurs(answer)) {
    return foreign(`${publicUrl}/token answers ${answer.status} and no token of a Dockwarden`);
  }
  const difference = explainDifference(site, token);
  if (difference === null) return null;
  const what = `${publicUrl} ${difference}`;
  if (isCurrent) return foreign(`${what}: another Dockwarden answers there`);
  return fault("server.outdated", `${what}: it doesn't work with what lies here`, RESTART_SERVER);
}

function explainRedirect(site: Site, answer: Answer): Finding {
  const target = originOf(answer.headers.location);
  const { publicUrl } = site.loaded.config.server;
  const what = `${publicUrl} redirects${target === null ? "" : ` to ${target}`}; clients don't take their password along`;
  if (target === null) {
    const words = "take the redirect of /token out of the proxy";
    return fault("public-url.redirect", what, { kind: "do", words });
  }
  const mend = setting(site, "server.publicUrl", target);
  return fault("public-url.redirect", what, mend, RESTART_SERVER);
}

/** What its token has that ours would not; null token: it refused to give one. */
function explainDifference(site: Site, token: IssuedToken | null): string | null {
  const { token: settings, keys } = site.loaded.config;
  const [service = ""] = settings.services;
  if (token === null) return `doesn't know the service ${JSON.stringify(service)} (token.services)`;
  const { ring } = site.keys;
  if (ring !== null && token.kid !== ring.kid)
    return `hands out tokens of another key than the one in ${keys.directory}`;
  if (token.issuer !== settings.issuer)
    return `hands out tokens of the issuer ${JSON.stringify(token.issuer)}; token.issuer is ${JSON.stringify(settings.issuer)}, and registries that expect it refuse them`;
  if (token.audience !== service)
    return `hands out tokens for ${JSON.stringify(token.audience)} where ${JSON.stringify(service)} is asked`;
  if (token.hasChain !== (keys.header === "x5c"))
    return `hands out tokens with another header than keys.header (${keys.header})`;
  return null;
}

/** Error bodies of ours are both OAuth's and the registry API's at once. */
function isErrorOfOurs({ status, body }: Answer): boolean {
  const { error, error_description: words, errors } = parseObject(body);
  return (
    status === 400 &&
    error === "invalid_request" &&
    typeof words === "string" &&
    Array.isArray(errors)
  );
}

function originOf(location: string | undefined): string | null {
  const isWhole = location !== undefined && /^https?:/i.test(location) && URL.canParse(location);
  return isWhole ? new URL(location).origin : null;
}

interface IssuedToken {
  readonly kid: string;
  readonly issuer: string;
  readonly audience: string;
  readonly hasChain: boolean;
}

/** What a JWT says of itself, unchecked; null where it is none, or has no `kid`. */
function readToken(token: unknown): IssuedToken | null {
  if (typeof token !== "string") return null;
  const [header, claims] = token
    .split(".")
    .map((part) => parseObject(Buffer.from(part, "base64url").toString("utf8")));
  if (typeof header?.["kid"] !== "string") return null;
  const text = (value: unknown): string => (typeof value === "string" ? value : "");
  return {
    kid: header["kid"],
    issuer: text(claims?.["iss"]),
    audience: text(claims?.["aud"]),
    hasChain: Array.isArray(header["x5c"]),
  };
}

/** Whom the server takes for the client. */
interface ClientNote {
  readonly client: string;
  readonly peer: string;
  readonly port: number;
  readonly isForwarded: boolean;
  readonly last: string | null;
}

/** Null where it didn't say (an older server). */
function readNote(answer: Answer): ClientNote | null {
  const note = answer.headers["dockwarden-client"];
  const found =
    typeof note === "string"
      ? /^client=(\S+); peer=(\S+):(\d+); forwarded=(yes|no)(?:; last=(\S+))?$/.exec(note)
      : null;
  if (found === null) return null;
  const [, client = "", peer = "", port = "", forwarded, last = null] = found;
  return { client, peer, port: Number(port), isForwarded: forwarded === "yes", last };
}

function explainProxy(site: Site, note: ClientNote): readonly Finding[] {
  const nginx: Mend = {
    kind: "do",
    words: "in the proxy (nginx): proxy_set_header X-Forwarded-For $remote_addr;",
  };
  // An address behind the invented one is what the proxy wrote: it appends, and what it writes itself is right. That the
  // invented one is reached all the same is due to this machine's address, which is a trusted proxy's.
  if (note.client === INVENTED && note.last !== null && note.last !== INVENTED) return [];
  if (note.client === INVENTED) {
    const what = `the proxy at ${note.peer} passes X-Forwarded-For on as clients send it, and is believed: everybody can choose the address they seem to come from`;
    return [fault("proxy.spoofable", what, nginx)];
  }
  if (!note.isForwarded) {
    const what = `the proxy at ${note.peer} sends no X-Forwarded-For: every client seems to come from it`;
    return [warning("proxy.no-header", what, nginx)];
  }
  if (note.client !== note.peer) return [];
  const { trustedProxies } = site.loaded.config.server;
  if (trustedProxies.includes(note.peer)) return [];
  const what = `the proxy at ${note.peer} isn't in server.trustedProxies: every client seems to come from it`;
  const trust = setting(site, "server.trustedProxies", [...trustedProxies, note.peer]);
  return [warning("proxy.untrusted", what, trust, RESTART_SERVER)];
}
