// Requests of a measurement: the same one is asked by fetch, to look at its answer, and written out for the load generator.

export interface SpeedRequest {
  readonly method: "GET" | "POST";
  /** With query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface SpeedAnswer {
  readonly status: number;
  readonly headers: readonly (readonly [name: string, value: string])[];
  readonly text: string;
}

const AGENT = "dockwarden-bench";

/** Asks `127.0.0.1:5001`, or another HOST:PORT, once. */
export async function ask(host: string, request: SpeedRequest): Promise<SpeedAnswer> {
  const { method, path, headers, body } = request;
  const answer = await fetch(`http://${host}${path}`, {
    method,
    headers: { ...headers, "user-agent": AGENT },
    ...(body === undefined ? {} : { body }),
  });
  return { status: answer.status, headers: [...answer.headers], text: await answer.text() };
}

/** The request as it goes over the wire. */
export function formatRequest(request: SpeedRequest, host: string): string {
  const { method, path, headers, body = "" } = request;
  const lines = Object.entries({ Host: host, "User-Agent": AGENT, ...headers });
  if (method === "POST") lines.push(["Content-Length", String(Buffer.byteLength(body))]);
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join("");
  return `${method} ${path} HTTP/1.1\r\n${head}\r\n${body}`;
}

export function basic(name: string, secret: string): Readonly<Record<string, string>> {
  return { Authorization: `Basic ${Buffer.from(`${name}:${secret}`).toString("base64")}` };
}

/** `GET /token` for the service `registry`; scopes such as `repository:a/b:pull`. */
export function tokenRequest(
  scopes: readonly string[],
  headers: Readonly<Record<string, string>> = {},
): SpeedRequest {
  const query = new URLSearchParams([
    ["service", "registry"],
    ...scopes.map((scope): [string, string] => ["scope", scope]),
  ]);
  return { method: "GET", path: `/token?${query.toString()}`, headers };
}
