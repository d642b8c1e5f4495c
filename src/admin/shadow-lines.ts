// One line of an access log: the token request in it, as its client sent it. Reads many formats, decides nothing.

/** What a client asked for, in its own words. */
export interface AskedLine {
  /** Who signed in, or said to be; null: nobody. */
  readonly account: string | null;
  readonly service: string | null;
  readonly scopes: readonly string[];
}

export type LineReading =
  | { readonly kind: "asked"; readonly asked: AskedLine }
  /** A token request whose scope stands in its body, where no log has it. */
  | { readonly kind: "post" }
  /** A sign-in that was refused when it was made. */
  | { readonly kind: "refused" }
  /** A token request that no server takes: `%zz`, control characters, a parameter twice. */
  | { readonly kind: "damaged" }
  | { readonly kind: "other" };

const OTHER: LineReading = { kind: "other" };
const DAMAGED: LineReading = { kind: "damaged" };

interface LoggedRequest {
  readonly method: string;
  /** A path with its query, or a whole URL. */
  readonly target: string;
  readonly user: string | null;
  readonly status: number | null;
}

const CONTAINER_PREFIX = /^[\w.-]+ +\| +/;
const BARE = /^(?:([A-Z]{3,7}) )?((?:https?:\/\/|\/)\S+)(?: HTTP\/[\d.]+)?$/;
// NOTE bounded: a line may be hostile, and an open end would cost its square.
const ISSUED_SCOPE = /\{(\S{1,64}) (?:(\S{0,64}) )?(\S{1,300}) \[([^\]]{0,300})\]\}/g;
const TIMED_HEAD = /^(.*) \[[^\]]{1,64}\] $/;
const SUBJECT_LINE = /^(\S+) ([a-z0-9()]+:\S+:\S*)(?: (\S.*))?$/;

/**
 * Understands common and combined log format (nginx, Apache), JSON of Caddy, Traefik, nginx and Dockwarden, the line that
 * docker_auth writes for each token, bare URLs and paths, and `SUBJECT SCOPE [SERVICE]`. `tokenPath` is where the peer
 * answers token requests: by it a POST is told from others.
 */
export function readLogLine(line: string, tokenPath: string): LineReading {
  const text = line.replace(CONTAINER_PREFIX, "").trim();
  if (text.startsWith("{")) return readJson(text, tokenPath);
  if (text.includes("New token for {")) return readIssued(text);
  const logged = readCommonLog(text);
  if (logged !== null) return readRequest(logged, tokenPath);
  const bare = BARE.exec(text);
  if (bare !== null) {
    const [, method = "GET", target = ""] = bare;
    return readRequest({ method, target, user: null, status: null }, tokenPath);
  }
  const [found, subject = "", scope = "", service = null] = SUBJECT_LINE.exec(text) ?? [];
  if (found === undefined) return OTHER;
  const account = subject === "@anonymous" ? null : nameOf(subject);
  return asked({ account, service, scopes: [scope] });
}

/** `ADDRESS IDENT USER [TIME] "GET /auth?… HTTP/1.1" 200 …`, with or without a host before it; of other forms the request alone. */
function readCommonLog(text: string): LoggedRequest | null {
  const found = /"([A-Z]{3,7}) (\S+) HTTP\/[\d.]+"(?: (\d{3})\b)?/.exec(text);
  if (found === null) return null;
  const [, method = "", target = "", status] = found;
  const head = TIMED_HEAD.exec(text.slice(0, found.index))?.[1] ?? "";
  const words = head.split(" ");
  const hasHost = words.length > 3 && words[2] === "-" && words[1] !== "-";
  const user = nameOf(words.slice(hasHost ? 3 : 2).join(" "));
  return { method, target, user, status: status === undefined ? null : Number(status) };
}

type Members = Readonly<Record<string, unknown>>;

const isMembers = (value: unknown): value is Members =>
  typeof value === "object" && value !== null && !Array.isArray(value);

function readJson(text: string, tokenPath: string): LineReading {
  let members: unknown;
  try {
    members = JSON.parse(text) as unknown;
  } catch {
    return OTHER;
  }
  if (!isMembers(members)) return OTHER;
  if (members["evt"] === "token.issue") return readOwnLine(members);
  const inner = members["request"];
  // nginx with a format of its own may hold the request line as it stands.
  const line = typeof inner === "string" ? BARE.exec(inner) : null;
  const request = isMembers(inner) ? inner : {};
  const method =
    line?.[1] ??
    firstText([request["method"], members["RequestMethod"], members["request_method"]]) ??
    firstText([members["method"]]) ??
    "GET";
  const target =
    line?.[2] ??
    firstText([request["uri"], members["RequestPath"], members["request_uri"], members["uri"]]);
  if (target === null) return OTHER;
  const user = firstText([members["user_id"], members["ClientUsername"], members["remote_user"]]);
  const status = Number(members["status"] ?? members["DownstreamStatus"] ?? Number.NaN);
  return readRequest({ method, target, user: nameOf(user ?? ""), status }, tokenPath);
}

/** What Dockwarden's own log says of a token it issued. */
function readOwnLine({ sub, service, asked: scopes }: Members): LineReading {
  if (typeof sub !== "string" || typeof service !== "string" || !isTexts(scopes)) return OTHER;
  return asked({ account: nameOf(sub), service, scopes });
}

/**
 * docker_auth: `… New token for {USER:***@ADDRESS [{TYPE CLASS NAME [ACTION …]} …]} LABELS: {"iss":…,"sub":ACCOUNT,"aud":SERVICE,…}`.
 * Its first releases have no CLASS and no LABELS.
 */
function readIssued(text: string): LineReading {
  const start = text.indexOf("New token for {");
  const claims = text.indexOf('{"iss"', start);
  const list = text.indexOf(" [", start);
  if (claims === -1 || list === -1 || list > claims) return OTHER;
  let members: unknown;
  try {
    members = JSON.parse(text.slice(claims)) as unknown;
  } catch {
    return OTHER;
  }
  if (!isMembers(members)) return OTHER;
  const { sub, aud } = members;
  if (typeof sub !== "string") return OTHER;
  const scopes = [...text.slice(list, claims).matchAll(ISSUED_SCOPE)];
  return asked({
    account: nameOf(sub),
    service: typeof aud === "string" ? nameOf(aud) : null,
    scopes: scopes.map(
      ([, type = "", , name = "", actions = ""]) =>
        `${type}:${name}:${actions.split(" ").join(",")}`,
    ),
  });
}

function readRequest(request: LoggedRequest, tokenPath: string): LineReading {
  const { method, target, user, status } = request;
  const [before = "", query = ""] = target.split("#")[0]?.split(/\?(.*)/s) ?? [];
  const path = before.replace(/^https?:\/\/[^/]*/, "");
  const isTokenPath = path === tokenPath || /\/(?:token|auth)\/?$/.test(path);
  const values = readQuery(query);
  if (method === "POST") return isTokenPath || hasService(values) ? { kind: "post" } : OTHER;
  if (method !== "GET" || path.startsWith("/v2/")) return OTHER;
  if (values === null) return isTokenPath ? DAMAGED : OTHER;
  const scopes = values.get("scope") ?? [];
  const services = values.get("service") ?? [];
  const accounts = values.get("account") ?? [];
  if (scopes.length === 0 && services.length === 0) return OTHER;
  if (services.length > 1 || accounts.length > 1) return DAMAGED;
  const account = user ?? nameOf(accounts[0] ?? "");
  if (account !== null && status === 401) return { kind: "refused" };
  return asked({ account, service: nameOf(services[0] ?? ""), scopes });
}

const hasService = (values: ReturnType<typeof readQuery>): boolean =>
  values?.has("service") === true;

/** Null where a server could not read it either. */
function readQuery(query: string): ReadonlyMap<string, readonly string[]> | null {
  const values = new Map<string, string[]>();
  for (const pair of query.split("&")) {
    const at = pair.indexOf("=");
    if (at === -1) continue;
    const name = decode(pair.slice(0, at));
    const value = decode(pair.slice(at + 1));
    if (name === null || value === null) return null;
    values.set(name, [...(values.get(name) ?? []), value]);
  }
  return values;
}

function decode(text: string): string | null {
  try {
    const value = decodeURIComponent(text.replaceAll("+", " "));
    return /\p{Cc}/u.test(value) ? null : value;
  } catch {
    return null;
  }
}

/** Whoever asked for nothing and did not sign in asked nothing that could be compared. */
function asked(line: AskedLine): LineReading {
  if (line.scopes.length === 0 && line.account === null) return OTHER;
  return { kind: "asked", asked: line };
}

/** Logs write `-` for nobody. */
const nameOf = (text: string): string | null => (text === "" || text === "-" ? null : text);

const firstText = (values: readonly unknown[]): string | null =>
  values.find((value): value is string => typeof value === "string") ?? null;

const isTexts = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.every((one) => typeof one === "string");
