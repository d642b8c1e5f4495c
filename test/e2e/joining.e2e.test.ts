// docs/joining.md, the switch without downtime: nginx, two registries on one storage, htpasswd beside tokens, and back.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { openSkopeo } from "../support/clients.js";
import { expectDone, expectFailed } from "../support/outcome.js";
import { waitUntil } from "../support/poll.js";
import { findFreePort } from "../support/free-port.js";
import { run, startDaemon, waitUntilReady } from "../support/process.js";
import { describeWith } from "../support/programs.js";
import { addUser, passwordOf, spawnServer, type TestServer } from "../support/spawn-server.js";
import { startSwitchDoor, type SwitchDoor } from "../support/switch-door.js";
import { fetchToken } from "../support/token-client.js";
import { openWorkspace, type Workspace } from "../support/workspace.js";

describeWith(
  ["nginx", "docker-registry", "skopeo", "htpasswd"],
  "joining a registry with htpasswd",
  () => {
    let workspace: Workspace;
    let server: TestServer;
    let door: number;
    let nginx: SwitchDoor;

    const basic = (name: string) => ({
      authorization: `Basic ${Buffer.from(`${name}:${passwordOf(name)}`).toString("base64")}`,
    });
    const ask = (path: string, init: RequestInit = {}) =>
      fetch(`http://127.0.0.1:${door}${path}`, init);

    beforeAll(async () => {
      workspace = await openWorkspace();
      door = await findFreePort();
      const url = `http://localhost:${door}`;
      server = await spawnServer(workspace, { env: { DOCKWARDEN_SERVER__PUBLIC_URL: url } });
      await addUser(server, "developer", "view,pull,push");
      await server.mustCli(["image", "register", "team/app", "--users", "developer"]);
      const users = join(workspace.folder, "htpasswd");
      const words = ["-ciB", users, "developer"];
      expectDone(
        await run("htpasswd", words, { env: environment(), stdin: passwordOf("developer") }),
      );
      nginx = await startSwitchDoor(
        workspace,
        {
          door,
          dockwarden: server.port,
          htpasswd: await startRegistryWith(`htpasswd: { realm: Registry, path: ${users} }`),
          token: await startRegistryWith(
            `token: { realm: ${url}/token, service: registry, issuer: dockwarden, rootcertbundle: ${join(server.trustFolder, "token-ca.pem")} }`,
          ),
        },
        "token",
      );
    }, 60_000);

    afterAll(() => workspace.close());

    test("a client that asks without a password is sent for a token", async () => {
      const answer = await ask("/v2/");
      expect(answer.status).toBe(401);
      expect(answer.headers.get("www-authenticate")).toBe(
        `Bearer realm="http://localhost:${door}/token",service="registry"`,
      );
    });

    test("a script with curl -u still reaches the registry with htpasswd", async () => {
      const answer = await ask("/v2/_catalog", { headers: basic("developer") });
      expect(answer.status).toBe(200);
      const wrong = { authorization: `Basic ${Buffer.from("developer:wrong").toString("base64")}` };
      expect((await ask("/v2/_catalog", { headers: wrong })).status).toBe(401);
    });

    test("the password that worked before works on, and the rules count", async () => {
      const developer = await openSkopeo(workspace, "developer");
      const host = `localhost:${door}`;
      expectDone(await developer.login(host, "developer", passwordOf("developer")));
      expectDone(await developer.push(`${host}/team/app:1`, "one"));
      expectFailed(await developer.push(`${host}/other/app:1`, "one"), "denied");
    });

    test("an upload that began with htpasswd ends with a token", async () => {
      const started = await ask("/v2/team/app/blobs/uploads/", {
        method: "POST",
        headers: basic("developer"),
      });
      expect(started.status).toBe(202);
      const { token } = await fetchToken(server, "developer", "repository:team/app:pull,push");
      const location = new URL(started.headers.get("location") ?? "");
      location.searchParams.set(
        "digest",
        "sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
      );
      const ended = await ask(`${location.pathname}${location.search}`, {
        method: "PUT",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/octet-stream" },
        body: "hello",
      });
      expect(ended.status).toBe(201);
    });

    test("the way back: htpasswd for everybody, except for who has a token", async () => {
      await nginx.switchTo("htpasswd");
      await waitUntil("the registry with htpasswd", async () => {
        const answer = await ask("/v2/");
        return answer.headers.get("www-authenticate") === 'Basic realm="Registry"';
      });
      const { token } = await fetchToken(server, "developer", "repository:team/app:pull");
      const headers = { authorization: `Bearer ${token}` };
      expect((await ask("/v2/team/app/tags/list", { headers })).status).toBe(200);
      expect((await ask("/v2/team/app/tags/list", { headers: basic("developer") })).status).toBe(
        200,
      );
    });

    /** A registry on the common storage, with the common secret. */
    async function startRegistryWith(auth: string): Promise<number> {
      const port = await findFreePort();
      const file = join(workspace.folder, `registry-${port}.yml`);
      const storage = join(workspace.folder, "storage");
      await writeFile(
        file,
        `version: 0.1
log: { level: warn }
storage: { filesystem: { rootdirectory: ${storage} } }
http: { addr: "127.0.0.1:${port}", secret: the-same-for-both-of-them }
auth:
  ${auth}
`,
      );
      const logFile = `${file}.log`;
      const daemon = await startDaemon("docker-registry", ["serve", file], {
        env: environment(),
        logFile,
      });
      workspace.onClose(() => daemon.stop());
      await waitUntilReady(daemon, "The registry", async () => {
        const answer = await fetch(`http://127.0.0.1:${port}/v2/`);
        await answer.arrayBuffer();
        return answer.status === 401;
      });
      return port;
    }
  },
);

function environment(): Record<string, string> {
  return { PATH: `${process.env["PATH"] ?? ""}:/usr/sbin` };
}
