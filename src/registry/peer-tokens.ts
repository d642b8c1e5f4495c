// Asks another token server for tokens and reads what they give; polite: so many a second, and never against its Retry-After.
import type { AskPeer, PeerAnswer, PeerEntry, PeerQuestion } from "../domain/shadow.js";
import type { Exchange, Exchanged } from "./exchange.js";
import { isDistrust, isTlsTrouble } from "./faults.js";

export interface PeerParts {
  readonly exchange: Exchange;
  /** Its token endpoint, with what its query always has. */
  readonly url: URL;
  readonly perSecond: number;
  /** Ends early when the run does. */
  readonly wait: (milliseconds: number) => Promise<void>;
  readonly now: () => number;
}

type Answer = Extract<Exchanged, { ok: true }>;

const BODY_MAX_BYTES = 262_144;
const TRIES_MAX = 5;
const WAIT_MAX_SECONDS = 120;
const ENTRIES_MAX = 1000;

/** A 429, or a 503 with Retry-After, is waited for, by all that ask; nothing else is asked twice. */
export function openPeer(parts: PeerParts): AskPeer {
  const turn = takeTurns(parts);
  return async (question) => {
    for (let tries = 1; ; tries += 1) {
      await turn.next();
      const answer = await send(question, parts);
      if (!answer.ok) return failed(describeSilence(answer.code));
      const seconds = findPause(answer, parts.now(), tries);
      if (seconds === null || tries === TRIES_MAX) return read(answer);
      turn.holdFor(seconds * 1000);
    }
  };
}

interface Turns {
  next(): Promise<void>;
  holdFor(milliseconds: number): void;
}

function takeTurns({ perSecond, wait, now }: PeerParts): Turns {
  const gap = 1000 / perSecond;
  let free = 0;
  return {
    next: async () => {
      const at = Math.max(now(), free);
      free = at + gap;
      if (at > now()) await wait(at - now());
    },
    holdFor: (milliseconds) => {
      free = Math.max(free, now() + milliseconds);
    },
  };
}

function send(
  { service, scope, credential }: PeerQuestion,
  { exchange, url }: PeerParts,
): Promise<Exchanged> {
  const asked = new URL(url);
  asked.searchParams.set("service", service);
  if (scope !== null) asked.searchParams.set("scope", scope);
  if (credential !== null) asked.searchParams.set("account", credential.name);
  asked.searchParams.set("client_id", "dockwarden-shadow");
  const headers: Record<string, string> = {
    accept: "application/json",
    "accept-encoding": "identity",
    "user-agent": "dockwarden-shadow",
  };
  if (credential !== null) {
    const pair = `${credential.name}:${credential.password.reveal()}`;
    headers["authorization"] = `Basic ${Buffer.from(pair, "utf8").toString("base64")}`;
  }
  return exchange.ask({ method: "GET", url: asked, headers, maxBytes: BODY_MAX_BYTES });
}

/** How long the peer wants to be left alone (RFC 9110 §10.2.3); null: it has answered. */
function findPause({ status, headers }: Answer, now: number, tries: number): number | null {
  if (status !== 429 && status !== 503) return null;
  const text = headers["retry-after"];
  if (text === undefined) return status === 429 ? 2 ** tries : null;
  const seconds = /^\d{1,6}$/.test(text) ? Number(text) : (Date.parse(text) - now) / 1000;
  return Math.min(Math.max(Number.isNaN(seconds) ? 1 : seconds, 0), WAIT_MAX_SECONDS);
}

const failed = (why: string): PeerAnswer => ({ kind: "failed", why });

function read(answer: Answer): PeerAnswer {
  const { status } = answer;
  if (status === 401 || status === 403) return { kind: "refused" };
  if (status !== 200) return failed(describeStatus(answer));
  const members = parseMembers(answer.body.toString("utf8"));
  const token = members?.["token"] ?? members?.["access_token"];
  if (typeof token !== "string") {
    return failed(
      "the peer answered 200 without a token; see whether --peer is its token endpoint",
    );
  }
  return readToken(token);
}

function readToken(token: string): PeerAnswer {
  const [, payload = "", signature] = token.split(".");
  const claims =
    signature === undefined ? null : parseMembers(Buffer.from(payload, "base64url").toString());
  if (claims === null) return unreadable("is no JWT");
  const { access } = claims;
  if (access === undefined) return unreadable("has no access claim");
  return { kind: "access", access: readEntries(access) };
}

const unreadable = (what: string): PeerAnswer => ({
  kind: "unreadable",
  why: `the peer's token ${what}: what it gives can't be read from outside; such a server can't be compared`,
});

/** Anything else than entries gives nothing, as registries have it. */
function readEntries(access: unknown): readonly PeerEntry[] {
  if (!Array.isArray(access)) return [];
  return access.slice(0, ENTRIES_MAX).flatMap((entry: unknown) => {
    if (typeof entry !== "object" || entry === null) return [];
    const { type, name, actions } = entry as Readonly<Record<string, unknown>>;
    if (typeof type !== "string" || typeof name !== "string") return [];
    const given = Array.isArray(actions) ? (actions as readonly unknown[]) : [];
    const words = given.filter((word): word is string => typeof word === "string");
    return [{ type, name, actions: words }];
  });
}

function parseMembers(text: string): Readonly<Record<string, unknown>> | null {
  try {
    const value = JSON.parse(text) as unknown;
    const isMembers = typeof value === "object" && value !== null && !Array.isArray(value);
    return isMembers ? (value as Readonly<Record<string, unknown>>) : null;
  } catch {
    return null;
  }
}

const TEXT_MAX = 200;

function describeStatus({ status, headers }: Answer): string {
  if (status >= 300 && status < 400) {
    const to = headers.location?.split("?")[0]?.slice(0, TEXT_MAX) ?? "elsewhere";
    return `the peer answered ${status} and leads to ${to}; redirects aren't followed: give --peer the address that answers itself`;
  }
  if (status === 400) {
    return "the peer answered 400; see in its log why: it may have another name for the service (--peer-service NAME)";
  }
  if (status === 404 || status === 405) {
    return `the peer answered ${status}; see whether --peer is its token endpoint, the realm that its registry names`;
  }
  if (status === 429) {
    return "the peer answered 429 again and again: ask for less (--rate 1), or ask later";
  }
  return `the peer answered ${status}; look at its log`;
}

const SILENCES: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there: correct --peer, or start it",
  ENOTFOUND: "the name has no address from here: correct --peer, or the DNS",
  EAI_AGAIN: "the name has no address just now: look at the DNS",
  ETIMEDOUT: "nothing came back in time: a firewall, a wrong address, or a server under load",
  TOOLARGE: "its answer is larger than a token's: see whether --peer is its token endpoint",
  LINKLOCAL: "the name leads to a link-local address, which is never asked: correct --peer",
  CLOSED: "the run has ended",
};

function describeSilence(code: string): string {
  const words = SILENCES[code] ?? describeTls(code);
  return `the peer doesn't answer (${code}); ${words}`;
}

function describeTls(code: string): string {
  if (isDistrust(code)) {
    return "its certificate isn't accepted: give its authority's with --cacert FILE";
  }
  if (isTlsTrouble(code))
    return "it speaks another protocol: exchange http:// and https:// in --peer";
  return "look whether it runs, and at its log";
}
