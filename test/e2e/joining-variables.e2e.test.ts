// docs/joining.md, step 2, for a registry that is configured by its environment: htpasswd's variables out, the guide's in.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { openSkopeo } from "../support/clients.js";
import { readBlocks } from "../support/documents.js";
import { expectDone, expectFailed } from "../support/outcome.js";
import { findFreePort } from "../support/free-port.js";
import { run, startDaemon, waitUntilReady, type Daemon } from "../support/process.js";
import { describeWith } from "../support/programs.js";
import { addUser, passwordOf, spawnServer, type TestServer } from "../support/spawn-server.js";
import { openWorkspace, type Workspace } from "../support/workspace.js";

type Variables = Readonly<Record<string, string>>;

/** The guide's block of variables. */
function readGuide(): Variables {
  const blocks = readBlocks("docs/joining.md").filter(({ text }) => /^REGISTRY_AUTH=/m.test(text));
  const lines = blocks.flatMap(({ text }) => text.trim().split("\n"));
  return Object.fromEntries(
    lines.map((line) => line.split(/=(.*)/).slice(0, 2)) as [string, string][],
  );
}

describeWith(
  ["docker-registry", "skopeo", "htpasswd"],
  "a registry with htpasswd from its environment",
  () => {
    let workspace: Workspace;
    let server: TestServer;
    let port: number;
    let htpasswd: Variables;
    let token: Variables;
    const path = process.env["PATH"] ?? "";

    beforeAll(async () => {
      workspace = await openWorkspace();
      server = await spawnServer(workspace);
      await addUser(server, "developer", "view,pull,push");
      await server.mustCli(["image", "register", "team/app", "--users", "developer"]);
      port = await findFreePort();
      const users = join(workspace.folder, "htpasswd");
      const words = ["-ciB", users, "developer"];
      expectDone(
        await run("htpasswd", words, { env: { PATH: path }, stdin: passwordOf("developer") }),
      );
      htpasswd = {
        REGISTRY_AUTH: "htpasswd",
        REGISTRY_AUTH_HTPASSWD_REALM: "Registry",
        REGISTRY_AUTH_HTPASSWD_PATH: users,
      };
      const fill = (value: string): string =>
        value
          .replace("https://registry.example.com", `http://127.0.0.1:${server.port}`)
          .replace("/trust", server.trustFolder);
      token = Object.fromEntries(
        Object.entries(readGuide()).map(([name, value]) => [name, fill(value)]),
      );
    }, 60_000);

    afterAll(() => workspace.close());

    /** A registry on the common storage; `auth` is what its file says of it. */
    async function startRegistry(variables: Variables, auth = ""): Promise<Daemon> {
      const file = join(workspace.folder, "registry.yml");
      const storage = join(workspace.folder, "storage");
      await writeFile(
        file,
        `version: 0.1
log: { level: warn }
storage: { filesystem: { rootdirectory: ${storage} } }
http: { addr: "127.0.0.1:${port}", secret: the-same-before-and-after }
${auth}
`,
      );
      const env = { PATH: path, ...variables };
      const logFile = join(workspace.folder, "registry.log");
      const daemon = await startDaemon("docker-registry", ["serve", file], { env, logFile });
      workspace.onClose(() => daemon.stop());
      await waitUntilReady(daemon, "The registry", async () => (await challenge()) !== null);
      return daemon;
    }

    async function challenge(): Promise<string | null> {
      const answer = await fetch(`http://127.0.0.1:${port}/v2/`);
      await answer.arrayBuffer();
      return answer.headers.get("www-authenticate");
    }

    const BASIC = 'Basic realm="Registry"';
    const bearer = (): string => `Bearer realm="http://127.0.0.1:${server.port}/token"`;

    test("takes tokens with the guide's variables in their place, and keeps its images", async () => {
      const host = `127.0.0.1:${port}`;
      const before = await startRegistry(htpasswd);
      expect(await challenge()).toBe(BASIC);
      const developer = await openSkopeo(workspace, "developer");
      expectDone(await developer.login(host, "developer", passwordOf("developer")));
      expectDone(await developer.push(`${host}/team/app:1`, "one"));
      expectDone(await developer.push(`${host}/other/app:1`, "one"));
      await before.stop();

      const after = await startRegistry(token);
      expect(await challenge()).toContain(bearer());
      // No new login: the client has the password.
      expectDone(await developer.pull(`${host}/team/app:1`));
      expectDone(await developer.push(`${host}/team/app:2`, "two"));
      expectFailed(await developer.pull(`${host}/other/app:1`), "denied");
      await after.stop();

      const back = await startRegistry(htpasswd);
      expectDone(await developer.pull(`${host}/other/app:1`));
      await back.stop();
    });

    test("takes them at every start where its file says htpasswd, because REGISTRY_AUTH is among them", async () => {
      const users = htpasswd["REGISTRY_AUTH_HTPASSWD_PATH"] ?? "";
      const auth = `auth: { htpasswd: { realm: Registry, path: ${users} } }`;
      // Without that variable one of the two is taken by chance.
      for (let start = 0; start < 4; start += 1) {
        const registry = await startRegistry(token, auth);
        expect(await challenge()).toContain(bearer());
        await registry.stop();
      }
    });
  },
);
