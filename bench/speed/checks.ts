// Is an answer the one that a case is about? Each check answers what is wrong, or null.
import { readToken } from "./floor-plan.js";
import type { SpeedAnswer } from "./requests.js";

/** What is wrong with an answer; null: nothing. */
export type Check = (answer: SpeedAnswer) => string | null;

export const expectStatus =
  (status: number): Check =>
  (answer) =>
    answer.status === status ? null : `${answer.status} and not ${status}`;

interface Expected {
  /** Null: nobody. */
  readonly subject: string | null;
  /** All of them, and each with exactly `pull`; nothing else may be in the token. */
  readonly pulled: readonly string[];
  readonly algorithm?: string;
}

interface Entry {
  readonly name: string;
  readonly actions: readonly string[];
}

/** A token with these rights and no others; an entry without an action counts as none. */
export function expectToken({ subject, pulled, algorithm = "ES256" }: Expected): Check {
  return (answer) => {
    if (answer.status !== 200) return `${answer.status} and not 200`;
    const { header, claims } = readToken(answer.text);
    if (header["alg"] !== algorithm) return `signed with ${String(header["alg"])}`;
    const given = claims["sub"];
    if (given !== (subject ?? "")) return `a token for "${String(given)}", not "${subject ?? ""}"`;
    const access = claims["access"] as readonly Entry[];
    const rights = access
      .filter(({ actions }) => actions.length > 0)
      .map(({ name, actions }) => `${name}:${actions.join()}`)
      .sort();
    const wanted = pulled.map((name) => `${name}:pull`).sort();
    if (rights.join(" ") === wanted.join(" ")) return null;
    return `a token with the rights [${rights.join(" ")}], not [${wanted.join(" ")}]`;
  };
}

/** Another token server's: any answer with a token in it. */
export function expectAnyToken(answer: SpeedAnswer): string | null {
  if (answer.status !== 200) return `${answer.status} and not 200`;
  try {
    const body = JSON.parse(answer.text) as Readonly<Record<string, unknown>>;
    const token = body["token"] ?? body["access_token"];
    return typeof token === "string" && token.split(".").length === 3 ? null : "no token in it";
  } catch {
    return "not JSON";
  }
}
