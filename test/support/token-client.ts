// Asks the token server and a registry over HTTP, as a client does, for tests that need many requests or a look inside.
import type { TestRegistry } from "./registry.js";
import { passwordOf, type TestServer } from "./spawn-server.js";

export interface ReceivedToken {
  readonly token: string;
  /** The JWT's protected header. */
  readonly header: { readonly alg: string; readonly kid?: string; readonly x5c?: string[] };
  /** The JWT's claims. */
  readonly claims: {
    readonly aud: string;
    readonly iat: number;
    readonly jti: string;
    readonly access: readonly { readonly name: string; readonly actions: readonly string[] }[];
  };
}

/**
 * Asks for a token with the password of the account.
 * @param scope such as `repository:team/app:pull`
 * @throws when the answer isn't 200.
 */
export async function fetchToken(
  server: TestServer,
  account: string,
  scope: string,
  service = "registry",
): Promise<ReceivedToken> {
  const query = new URLSearchParams({ service, scope });
  const answer = await fetch(`http://127.0.0.1:${server.port}/token?${query.toString()}`, {
    headers: { authorization: basicHeader(account) },
  });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`token: ${answer.status} ${text}`);
  const { token } = JSON.parse(text) as { readonly token: string };
  const [header = "", claims = ""] = token.split(".");
  return {
    token,
    header: decode(header) as ReceivedToken["header"],
    claims: decode(claims) as ReceivedToken["claims"],
  };
}

/** The Authorization header of an account with its right password. */
export function basicHeader(account: string): string {
  return `Basic ${Buffer.from(`${account}:${passwordOf(account)}`).toString("base64")}`;
}

/** The actions that a token for this account has on the repository, such as `pull,push`; throws as `fetchToken`. */
export async function fetchActions(
  server: TestServer,
  account: string,
  repository: string,
): Promise<string> {
  const scope = `repository:${repository}:pull,push,delete`;
  const { claims } = await fetchToken(server, account, scope);
  return claims.access.flatMap(({ actions }) => actions).join();
}

/** Status of the registry's answer to `GET PATH` with this token. */
export async function askRegistry(
  registry: TestRegistry,
  path: string,
  token: string,
): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${registry.port}${path}`, {
    headers: { authorization: `Bearer ${token}` },
  });
  await answer.arrayBuffer();
  return answer.status;
}

function decode(part: string): unknown {
  return JSON.parse(Buffer.from(part, "base64url").toString("utf8")) as unknown;
}
