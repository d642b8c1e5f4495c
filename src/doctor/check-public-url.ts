// server.publicUrl as clients see it: does it lead to us, and does the proxy before us say who the client is?
import { fault, warning, type Finding, type Mend } from "./finding.js";
import { parseObject } from "./health-report.js";
import { httpGet, type Answer } from "./http-get.js";
import { RESTART_SERVER, setting, type Site } from "./site.js";

/** An address of documentation (RFC 5737): nobody's, so whoever is taken for it was believed without a reason. */
const INVENTED = "192.0.2.77";

/** Asks for an anonymous token without any scope there, as a client does. Nothing is signed in or changed. */
export async function checkPublicUrl(site: Site): Promise<readonly Finding[]> {
  const { server, token } = site.loaded.config;
  const service = token.services[0] ?? "";
  const url = new URL(`${server.publicUrl}/token?service=${encodeURIComponent(service)}`);
  const certificate =
    site.tls.ok && site.tls.value !== null ? { trusted: site.tls.value.cert } : {};
  const answer = await httpGet(url, {
    headers: { "Dockwarden-Doctor": "1", "X-Forwarded-For": INVENTED },
    ...certificate,
  });
  if (!answer.ok) {
    const what = `${server.publicUrl} doesn't answer, seen from this machine (${answer.code})`;
    const words = "see that clients reach it, or set server.publicUrl to the address that they use";
    return [warning("public-url.unreachable", what, { kind: "do", words })];
  }
  const wrong = explainAnswer(site, answer);
  return wrong === null ? explainProxy(site, answer) : [wrong];
}

function explainAnswer(site: Site, answer: Answer): Finding | null {
  const { server } = site.loaded.config;
  if (answer.status >= 300 && answer.status < 400) {
    const target = originOf(answer.headers.location);
    const what = `${server.publicUrl} redirects${target === null ? "" : ` to ${target}`}; clients don't take their password along`;
    if (target !== null)
      return fault(
        "public-url.redirect",
        what,
        setting(site, "server.publicUrl", target),
        RESTART_SERVER,
      );
    return fault("public-url.redirect", what, {
      kind: "do",
      words: "take the redirect of /token out of the proxy",
    });
  }
  const kid = kidOf(parseObject(answer.body)["token"]);
  if (kid === null) {
    const what = `${server.publicUrl}/token answers ${answer.status} and no token of a Dockwarden`;
    const words =
      "let the proxy pass /token to this Dockwarden, or set server.publicUrl to the address that leads here";
    return fault("public-url.foreign", what, { kind: "do", words });
  }
  const { ring } = site.keys;
  if (ring === null || kid === ring.kid) return null;
  const what = `${server.publicUrl} hands out tokens of another key than the one in ${site.loaded.config.keys.directory}`;
  return fault("server.outdated", what, RESTART_SERVER);
}

function originOf(location: string | undefined): string | null {
  const isWhole = location !== undefined && /^https?:/i.test(location) && URL.canParse(location);
  return isWhole ? new URL(location).origin : null;
}

/** The `kid` of a JWT's header; null where it is none. */
export function kidOf(token: unknown): string | null {
  if (typeof token !== "string") return null;
  const header = parseObject(Buffer.from(token.split(".")[0] ?? "", "base64url").toString("utf8"));
  return typeof header["kid"] === "string" ? header["kid"] : null;
}

/** Whom the server takes for the client; null where it didn't say (an older server). */
function readNote(answer: Answer) {
  const note = answer.headers["dockwarden-client"];
  const found =
    typeof note === "string"
      ? /^client=(\S+); peer=(\S+):(\d+); forwarded=(yes|no)$/.exec(note)
      : null;
  if (found === null) return null;
  const [, client = "", peer = "", port = "", forwarded] = found;
  return { client, peer, port: Number(port), isForwarded: forwarded === "yes" };
}

function explainProxy(site: Site, answer: Answer): readonly Finding[] {
  const note = readNote(answer);
  // The connection that we made is the one that the server has: no proxy stands between.
  if (note === null || note.port === answer.localPort) return [];
  const nginx: Mend = {
    kind: "do",
    words: "in the proxy (nginx): proxy_set_header X-Forwarded-For $remote_addr;",
  };
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
