// What a floor is to do, made from an answer of the server itself: so that both send as many bytes and headers.
import { join } from "node:path";
import type { SpeedAnswer } from "./requests.js";

export type Algorithm = "ES256" | "RS256";

export type Headers = readonly (readonly [name: string, value: string])[];

/** Floors that answer requests. */
export type ListeningPlan =
  | {
      readonly kind: "token";
      readonly port: number;
      readonly algorithm: Algorithm;
      /** The token's first part, with x5c. */
      readonly header: string;
      readonly claims: Readonly<Record<string, unknown>>;
      /** The members of the answer but those that are made anew each time. */
      readonly members: Readonly<Record<string, unknown>>;
      readonly headers: Headers;
      /** Folder of the server's own modules for signatures and threads, as they are built: what is known to be quickest. */
      readonly modules: string;
      /** Verified without end meanwhile, in threads that give way as the server's do. */
      readonly storm?: KnownHash;
    }
  | {
      readonly kind: "plain";
      readonly port: number;
      readonly text: string;
      readonly headers: Headers;
    }
  | { readonly kind: "verify"; readonly port: number; readonly headers: Headers };

/** A hash of argon2id, and what fits it. */
export interface KnownHash {
  readonly hash: string;
  readonly password: string;
}

/** Raw argon2id for so many seconds. */
export interface HashPlan extends KnownHash {
  readonly kind: "argon2";
  readonly seconds: number;
}

export type FloorPlan = ListeningPlan | HashPlan;

/** Node adds these itself. */
const OWN = new Set(["date", "connection", "keep-alive", "transfer-encoding", "content-length"]);

export function headersOf(answer: SpeedAnswer): Headers {
  return answer.headers.filter(([name]) => !OWN.has(name.toLowerCase()));
}

/** A token answer taken apart. */
export interface ReadToken {
  readonly token: string;
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
  readonly members: Readonly<Record<string, unknown>>;
}

function decodePart(part: string | undefined): Readonly<Record<string, unknown>> {
  const text = Buffer.from(part ?? "", "base64url").toString("utf8");
  return JSON.parse(text) as Readonly<Record<string, unknown>>;
}

/** @throws when it isn't a token answer. */
export function readToken(text: string): ReadToken {
  const members = JSON.parse(text) as Readonly<Record<string, unknown>>;
  const { token } = members as { readonly token?: unknown };
  if (typeof token !== "string") throw new Error(`an answer without a token: ${text}`);
  const [header, claims] = token.split(".");
  return { token, header: decodePart(header), claims: decodePart(claims), members };
}

const MODULES = join(import.meta.dirname, "..", "..", "dist", "crypto");

/** The plan of a token floor for this answer of the server. */
export function planTokenFloor(answer: SpeedAnswer, port: number): ListeningPlan {
  const { token, header, claims, members } = readToken(answer.text);
  const kept = Object.entries(members).filter(
    ([name]) => !["token", "access_token", "issued_at"].includes(name),
  );
  return {
    kind: "token",
    port,
    algorithm: header["alg"] === "RS256" ? "RS256" : "ES256",
    header: token.split(".")[0] ?? "",
    claims,
    members: Object.fromEntries(kept),
    headers: headersOf(answer),
    modules: MODULES,
  };
}
