// The sites that measurements run on: a server on one of them answers every kind of request as the site promises.
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { join } from "node:path";
import { seedSite, type SeededSite } from "../../bench/speed/seed.js";
import { findFreePort } from "../support/free-port.js";
import { startDaemon, waitUntilReady } from "../support/process.js";
import { findEntry } from "../support/program-entry.js";
import { openWorkspace, type Workspace } from "../support/workspace.js";

let workspace: Workspace;
let site: SeededSite;
let origin: string;

beforeAll(async () => {
  workspace = await openWorkspace();
  const port = await findFreePort();
  site = await seedSite(workspace.folder, { accounts: 10, images: 10, grants: 10 });
  origin = `http://127.0.0.1:${port}`;
  const [program, ...args] = findEntry();
  const daemon = await startDaemon(program, [...args, "serve"], {
    env: { ...site.env, DOCKWARDEN_SERVER__PORT: String(port) },
    logFile: join(workspace.folder, "server.log"),
  });
  workspace.onClose(() => daemon.stop("SIGKILL"));
  await waitUntilReady(daemon, "the server of a seeded site", async () => {
    const answer = await fetch(`${origin}/health/ready`);
    return answer.status === 200;
  });
});

afterAll(() => workspace.close());

/** Status, and what the token allows: `library/base:pull`. */
async function ask(repositories: readonly string[], login?: readonly [string, string]) {
  const query = new URLSearchParams({ service: "registry" });
  for (const name of repositories) query.append("scope", `repository:${name}:pull`);
  const basic = login === undefined ? "" : Buffer.from(login.join(":")).toString("base64");
  const answer = await fetch(`${origin}/token?${query.toString()}`, {
    headers: basic === "" ? {} : { authorization: `Basic ${basic}` },
  });
  return read(answer);
}

async function read(answer: Response) {
  const body = (await answer.json()) as { readonly token?: string };
  const { token = "" } = body;
  return { status: answer.status, token, access: accessOf(token) };
}

function accessOf(token: string): readonly string[] {
  const [, claims = ""] = token.split(".");
  if (claims === "") return [];
  const { access } = JSON.parse(Buffer.from(claims, "base64url").toString()) as {
    readonly access: readonly { readonly name: string; readonly actions: readonly string[] }[];
  };
  return access
    .filter(({ actions }) => actions.length > 0)
    .map(({ name, actions }) => `${name}:${actions.join()}`);
}

async function askGate(token: string, reference: string): Promise<number> {
  const answer = await fetch(`${origin}/authz`, {
    headers: {
      authorization: `Bearer ${token}`,
      "x-original-method": "GET",
      "x-original-uri": `/v2/${site.grantedRepository}/manifests/${reference}`,
    },
  });
  await answer.arrayBuffer();
  return answer.status;
}

const first = <T>(list: readonly T[]): T => {
  const [one] = list;
  if (one === undefined) throw new Error("the site has none");
  return one;
};

test("anybody pulls the public repository and no other", async () => {
  const { publicRepository, grantedRepository } = site;
  const { status, access } = await ask([publicRepository, grantedRepository]);
  expect([status, access]).toEqual([200, [`${publicRepository}:pull`]]);
});

test("every password, personal token and robot pulls what is granted and nothing else", async () => {
  const { users, password, personalTokens, robots, grantedRepository, deniedRepository } = site;
  const logins = [...personalTokens, ...robots].map(({ name, secret }) => [name, secret] as const);
  logins.push([first(users), password]);
  for (const login of logins) {
    const { status, access } = await ask([grantedRepository, deniedRepository], login);
    expect([login[0], status, access]).toEqual([login[0], 200, [`${grantedRepository}:pull`]]);
  }
});

test("a personal token pulls all of the ten repositories", async () => {
  const { name, secret } = first(site.personalTokens);
  expect(site.tenRepositories).toHaveLength(10);
  const { access } = await ask(site.tenRepositories, [name, secret]);
  expect([...access].sort()).toEqual(site.tenRepositories.map((one) => `${one}:pull`).sort());
});

test("a refresh token is good for a token", async () => {
  for (const refreshToken of site.refreshTokens) {
    const answer = await fetch(`${origin}/token`, {
      method: "POST",
      body: new URLSearchParams({
        grant_type: "refresh_token",
        service: "registry",
        client_id: "docker",
        refresh_token: refreshToken,
        scope: `repository:${site.grantedRepository}:pull`,
      }),
    });
    expect(answer.status).toBe(200);
    const { access_token: token } = (await answer.json()) as { readonly access_token: string };
    expect(accessOf(token)).toEqual([`${site.grantedRepository}:pull`]);
  }
});

test("the gate lets the granted tag and its digest pass, and no other tag of the repository", async () => {
  const { name, secret } = first(site.personalTokens);
  const { token } = await ask([site.grantedRepository], [name, secret]);
  expect(await askGate(token, site.grantedTag)).toBe(204);
  expect(await askGate(token, site.grantedDigest)).toBe(204);
  expect(await askGate(token, "nightly")).toBe(403);
});
