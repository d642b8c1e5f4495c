// The least programs that could do the work of a case, on plain node:http. Started by itself as `node floor.mjs PLAN.json`.
// What no floor does: look at a path, a query, a name, a store, a limit; write a log or a record.
import { generateKeyPairSync, randomUUID, sign, type KeyObject } from "node:crypto";
import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { availableParallelism } from "node:os";
import type {
  Algorithm,
  FloorPlan,
  HashPlan,
  Headers,
  KnownHash,
  ListeningPlan,
} from "./floor-plan.js";

type Plan<Kind> = Extract<ListeningPlan, { readonly kind: Kind }>;

function makeKey(algorithm: Algorithm): KeyObject {
  if (algorithm === "RS256") return generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
  return generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
}

const encode = (text: string): string => Buffer.from(text).toString("base64url");

type Fields = Record<string, string | number>;

function send(response: ServerResponse, text: string, fields: Fields): void {
  response.writeHead(200, { ...fields, "content-length": Buffer.byteLength(text) });
  response.end(text);
}

const fieldsOf = (headers: Headers): Fields => Object.fromEntries(headers);

type Modules = typeof import("../../src/crypto/ecdsa-signature.js") &
  typeof import("../../src/crypto/pool-priority.js");

/** Of the server, as it is built. */
const load = async (plan: Plan<"token">, name: string): Promise<Modules> =>
  import(`${plan.modules}/${name}.js`) as Promise<Modules>;

/**
 * One signature on the thread pool (in a storm: in place) over a header made once and a payload made anew (times and id), in an answer of the
 * server's size. A body is read to its end, but nothing is made of it.
 */
async function tokenFloor(plan: Plan<"token">) {
  const { toJoseSignature } = await load(plan, "ecdsa-signature");
  const join = plan.algorithm === "ES256" ? toJoseSignature : (signature: Buffer) => signature;
  const key = makeKey(plan.algorithm);
  const { claims, members } = plan;
  const fields = fieldsOf(plan.headers);
  const ttl = Number(claims["exp"]) - Number(claims["iat"]);
  const idLength = String(claims["jti"]).length;
  const answer = (response: ServerResponse): void => {
    const now = Math.floor(Date.now() / 1000);
    const jti = randomUUID().slice(0, idLength);
    const fresh = { ...claims, exp: now + ttl, nbf: now, iat: now, jti };
    const input = `${plan.header}.${encode(JSON.stringify(fresh))}`;
    const finish = (signature: Buffer): void => {
      const token = `${input}.${join(signature).toString("base64url")}`;
      const issuedAt = new Date(now * 1000).toISOString();
      const text = JSON.stringify({ token, access_token: token, issued_at: issuedAt, ...members });
      send(response, text, fields);
    };
    const bytes = Buffer.from(input);
    // On the pool it would wait behind the hashes there; the server signs in place, too.
    if (plan.storm !== undefined) finish(sign("sha256", bytes, key));
    else {
      sign("sha256", bytes, key, (error, signature) => {
        if (error !== null) throw error;
        finish(signature);
      });
    }
  };
  return (request: IncomingMessage, response: ServerResponse): void => {
    if (request.method === "GET") {
      answer(response);
      return;
    }
    request.once("end", () => {
      answer(response);
    });
    request.resume();
  };
}

/** The same few bytes to everybody. */
function plainFloor({ text, headers }: Plan<"plain">) {
  const fields = fieldsOf(headers);
  return (_request: IncomingMessage, response: ServerResponse): void => {
    send(response, text, fields);
  };
}

/** Verifies a token by the key that its own x5c names, once; afterwards to have seen it is enough. */
async function verifyFloor({ headers }: Plan<"verify">) {
  const { compactVerify, decodeProtectedHeader, importX509 } = await import("jose");
  const seen = new Map<string, boolean>();
  const fields = fieldsOf(headers);
  const verify = async (token: string): Promise<void> => {
    const { alg = "", x5c = [] } = decodeProtectedHeader(token);
    const pem = `-----BEGIN CERTIFICATE-----\n${x5c[0] ?? ""}\n-----END CERTIFICATE-----`;
    await compactVerify(token, await importX509(pem, alg));
    seen.set(token, true);
  };
  return (request: IncomingMessage, response: ServerResponse): void => {
    const token = (request.headers.authorization ?? "").slice("Bearer ".length);
    const pass = (): void => {
      response.writeHead(204, fields);
      response.end();
    };
    if (seen.has(token)) pass();
    else
      verify(token).then(pass, () => {
        response.writeHead(401).end();
      });
  };
}

/** Raw argon2id as long as it is wanted, one hash for each processor; answers how many it were. */
async function hashWhile({ hash, password }: KnownHash, isWanted: () => boolean): Promise<number> {
  const { default: argon2 } = await import("argon2");
  let count = 0;
  const work = async (): Promise<void> => {
    while (isWanted()) {
      if (!(await argon2.verify(hash, password))) throw new Error("the password does not fit");
      count += 1;
    }
  };
  await Promise.all(Array.from({ length: availableParallelism() }, work));
  return count;
}

async function runArgon2(plan: HashPlan): Promise<void> {
  const began = process.hrtime.bigint();
  const elapsed = (): number => Number(process.hrtime.bigint() - began) / 1e9;
  const started = process.cpuUsage();
  const count = await hashWhile(plan, () => elapsed() < plan.seconds);
  const taken = elapsed();
  const { user, system } = process.cpuUsage(started);
  const cpu = (user + system) / count;
  process.stdout.write(`${JSON.stringify({ rate: count / taken, cpu })}\n`);
}

async function raiseStorm(plan: Plan<"token">, known: KnownHash): Promise<void> {
  const { lowerPoolPriority } = await load(plan, "pool-priority");
  await lowerPoolPriority();
  await hashWhile(known, () => true);
}

async function listenerOf(plan: ListeningPlan) {
  switch (plan.kind) {
    case "token":
      return tokenFloor(plan);
    case "plain":
      return plainFloor(plan);
    case "verify":
      return verifyFloor(plan);
  }
}

const plan = JSON.parse(readFileSync(process.argv[2] ?? "", "utf8")) as FloorPlan;
if (plan.kind === "argon2") await runArgon2(plan);
else {
  createServer(await listenerOf(plan)).listen(plan.port, "127.0.0.1");
  if (plan.kind === "token" && plan.storm !== undefined) await raiseStorm(plan, plan.storm);
}
