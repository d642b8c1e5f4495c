// Personal tokens, robots' secrets and identity tokens with every client but docker, which has a file of its own.
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import {
  openBuildah,
  openPodman,
  openSkopeo,
  startContainerd,
  writeLayer,
  writeOciArchive,
  type Skopeo,
  type Tool,
} from "../support/clients.js";
import { expectDone, expectFailed } from "../support/outcome.js";
import { waitUntil } from "../support/poll.js";
import { refusePosts, type PostRefuser } from "../support/post-refuser.js";
import { run } from "../support/process.js";
import { describeWith } from "../support/programs.js";
import { addClientFixture, openSite, type Site } from "../support/site.js";
import { ADMIN_NAME, passwordOf } from "../support/spawn-server.js";

const DENIED = "denied: requested access to the resource is denied";
const ENDED = "Your login on this machine has ended. Run docker login again.";

/** A login as docker makes one: with a password, asking for a refresh token. */
async function keepLogin(site: Site, name: string): Promise<string> {
  const answer = await fetch(`${site.server.url}/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "password",
      username: name,
      password: passwordOf(name),
      service: "registry",
      access_type: "offline",
      client_id: "test",
    }),
  });
  const { refresh_token: kept } = (await answer.json()) as { refresh_token: string };
  return kept;
}

/** An auth file as `docker login` leaves it behind. */
const authFile = (host: string, entry: Record<string, string>): string =>
  JSON.stringify({ auths: { [host]: entry } });

describeWith(
  ["skopeo", "podman", "buildah", "ctr", "containerd", "docker-registry"],
  "credentials without a password",
  () => {
    let site: Site;
    let admin: Skopeo;
    let robot: string;
    let personal: string;

    beforeAll(async () => {
      site = await openSite();
      const { server } = site;
      await addClientFixture(server);
      await server.mustCli(["robot", "add", "ci", "--permissions", "push"]).then(({ stdout }) => {
        robot = stdout.trim();
      });
      await server.mustCli(["access", "grant", "team/app", "ci"]);
      const narrowed = ["--image", "team/app", "--actions", "pull"];
      const made = await server.mustCli(["token", "create", "developer", ...narrowed]);
      personal = made.stdout.trim();
      admin = await openSkopeo(site.workspace, "admin");
      expectDone(await admin.login(site.registry.host, ADMIN_NAME, passwordOf(ADMIN_NAME)));
      for (const name of ["team/app:1", "team/secret:1"]) {
        expectDone(await admin.push(site.image(name), name));
      }
    }, 60_000);

    afterAll(() => site.close());

    describe("skopeo", () => {
      test("E12: a personal token pulls what it names, pushes nothing and reads nothing else", async () => {
        const skopeo = await openSkopeo(site.workspace, "personal");
        expectDone(await skopeo.login(site.registry.host, "developer", personal));
        expectDone(await skopeo.pull(site.image("team/app:1")));
        expectFailed(await skopeo.push(site.image("team/app:2"), "two"), DENIED);
        expectFailed(await skopeo.pull(site.image("public/base:1")), DENIED);
      });

      test("a robot's secret pushes and pulls; another account's name with it is refused", async () => {
        const skopeo = await openSkopeo(site.workspace, "robot");
        expectFailed(
          await skopeo.login(site.registry.host, "reader", robot),
          "invalid username/password",
        );
        expectDone(await skopeo.login(site.registry.host, "ci", robot));
        expectDone(await skopeo.push(site.image("team/app:robot"), "robot"));
        expectDone(await skopeo.pull(site.image("team/app:robot")));
        expectFailed(await skopeo.pull(site.image("team/secret:1")), DENIED);
      });

      test("an identity token in the auth file works, and tells its end when revoked", async () => {
        const skopeo = await openSkopeo(site.workspace, "identity");
        const identitytoken = await keepLogin(site, "developer");
        const auth = Buffer.from("developer:").toString("base64");
        const file = join(site.workspace.folder, "skopeo-identity", "auth.json");
        await writeFile(file, authFile(site.registry.host, { auth, identitytoken }));
        expectDone(await skopeo.push(site.image("team/app:identity"), "identity"));
        expectDone(await skopeo.pull(site.image("team/app:identity")));
        await site.server.mustCli([
          "token",
          "revoke",
          "--account",
          "developer",
          "--logins",
          "--yes",
        ]);
        expectFailed(await skopeo.pull(site.image("team/app:1")), ENDED);
      });

      test("a robot's secret is rotated during a loop of pulls, and none fails", async () => {
        const { server } = site;
        const made = await server.mustCli(["robot", "add", "loop", "--permissions", "pull"]);
        await server.mustCli(["access", "grant", "team/app", "loop", "--actions", "pull"]);
        const skopeo = await openSkopeo(site.workspace, "loop");
        expectDone(await skopeo.login(site.registry.host, "loop", made.stdout.trim()));
        let pulls = 0;
        const state = { isOver: false };
        const failures: string[] = [];
        const loop = async (): Promise<void> => {
          while (!state.isOver) {
            const outcome = await skopeo.pull(site.image("team/app:1"));
            pulls += 1;
            if (outcome.code !== 0) failures.push(outcome.text);
          }
        };
        const running = loop();
        await waitUntil("two pulls with the old secret", async () => pulls >= 2);
        const rotated = await server.mustCli(["robot", "rotate", "loop", "--yes"]);
        expect(rotated.stderr).toContain("last used");
        const seen = pulls;
        await waitUntil("two more with the old secret", async () => pulls >= seen + 2);
        expectDone(await skopeo.login(site.registry.host, "loop", rotated.stdout.trim()));
        const changed = pulls;
        await waitUntil("two with the new secret", async () => pulls >= changed + 2);
        state.isOver = true;
        await running;
        expect(failures).toEqual([]);
      }, 60_000);
    });

    describe("podman and buildah", () => {
      let podman: Tool;

      beforeAll(async () => {
        podman = await openPodman(site.workspace, "credentials");
      });

      const login = (tool: Tool, name: string, secret: string): ReturnType<Tool> =>
        tool(
          [
            "login",
            "--tls-verify=false",
            "--username",
            name,
            "--password-stdin",
            site.registry.host,
          ],
          secret,
        );
      const pull = (tool: Tool, name: string): ReturnType<Tool> =>
        tool(["pull", "--tls-verify=false", site.image(name)]);

      test("podman signs in with a personal token and with a robot's secret", async () => {
        expectDone(await login(podman, "developer", personal));
        expectDone(await pull(podman, "team/app:1"));
        expectDone(await login(podman, "ci", robot));
        const layer = await writeLayer(site.workspace, "podman-robot");
        await podman(["import", layer, site.image("team/app:podman")]);
        expectDone(await podman(["push", "--tls-verify=false", site.image("team/app:podman")]));
      });

      test("A03: podman pulls and pushes with an identity token, its scopes repeated in one form", async () => {
        const identitytoken = await keepLogin(site, "developer");
        const auth = Buffer.from("developer:").toString("base64");
        const file = join(site.workspace.folder, "podman-credentials", "auth.json");
        await writeFile(file, authFile(site.registry.host, { auth, identitytoken }));
        expectDone(await pull(podman, "team/app:1"));
        const layer = await writeLayer(site.workspace, "podman-identity");
        await podman(["import", layer, site.image("team/app:identity-2")]);
        expectDone(await podman(["push", "--tls-verify=false", site.image("team/app:identity-2")]));
      });

      test("buildah signs in with a personal token", async () => {
        const buildah = await openBuildah(site.workspace, "personal");
        expectDone(await login(buildah, "developer", personal));
        expectDone(await pull(buildah, "team/app:1"));
        expectFailed(await pull(buildah, "team/secret:1"), DENIED);
      });

      test("buildah reads the file that robot rotate prints, and pulls with it", async () => {
        const buildah = await openBuildah(site.workspace, "credentials");
        const made = await site.server.mustCli([
          ...["robot", "rotate", "ci", "--output", "dockerconfig", "--yes"],
        ]);
        const file = join(site.workspace.folder, "buildah-credentials", "auth.json");
        await writeFile(file, made.stdout);
        expectDone(await pull(buildah, "team/app:1"));
        expectFailed(await pull(buildah, "team/secret:1"), DENIED);
      });
    });

    describe("the forms that robot add prints", () => {
      test("env is read by a shell and signs in", async () => {
        const { server, workspace } = site;
        const made = await server.mustCli(["robot", "add", "shell", "--output", "env"]);
        const file = join(workspace.folder, "robot.env");
        await writeFile(file, made.stdout, { mode: 0o600 });
        const auth = join(await workspace.subfolder("shell"), "auth.json");
        const script =
          '. "$1"; printf %s "$DOCKER_PASSWORD" | skopeo login --tls-verify=false --authfile "$2" --username "$DOCKER_USERNAME" --password-stdin "$DOCKER_REGISTRY"';
        const env = { PATH: process.env["PATH"] ?? "", HOME: workspace.folder };
        expectDone(await run("sh", ["-c", script, "sh", file, auth], { env }));
        expect(await readFile(auth, "utf8")).toContain(site.registry.host);
      });
    });

    describe("ctr", () => {
      let ctr: Tool;

      beforeAll(async () => {
        ctr = await startContainerd(site.workspace);
      }, 30_000);

      const pullFrom = async (image: string, ...options: string[]): ReturnType<Tool> => {
        await ctr(["images", "rm", "--sync", image]);
        return ctr(["images", "pull", "--plain-http", "--snapshotter=native", ...options, image]);
      };

      test("signs in by POST: with a password, a personal token, a robot's secret and an identity token", async () => {
        const image = site.image("team/app:1");
        const before = site.server.log().length;
        expectDone(await pullFrom(image, "--user", `developer:${passwordOf("developer")}`));
        expectDone(await pullFrom(image, "--user", `developer:${personal}`));
        expectDone(await pullFrom(image, "--user", `ci:${robot}`));
        expectDone(await pullFrom(image, "--refresh", await keepLogin(site, "developer")));
        expect(site.server.log().slice(before)).not.toContain('"token.refuse"');
      });

      test("pushes with a robot's secret, and is refused beyond its rights", async () => {
        const archive = await writeOciArchive(site.workspace, "ctr-robot");
        const target = site.image("team/app");
        const flags = ["--snapshotter=native", "--no-unpack", `--base-name=${target}`];
        expectDone(await ctr(["images", "import", ...flags, archive]));
        const push = ["images", "push", "--plain-http", "--user", `ci:${robot}`];
        expectDone(await ctr([...push, `${target}:latest`]));
        expectFailed(
          await pullFrom(site.image("team/secret:1"), "--user", `ci:${robot}`),
          "insufficient_scope: authorization failed",
        );
      });

      test.each([404, 405])("falls back on GET where POST is answered %i", async (status) => {
        let refuser: PostRefuser | null = null;
        const other = await openSite({
          before: async (server, workspace) => {
            refuser = await refusePosts(server, workspace, status);
            return refuser.url;
          },
        });
        try {
          await addClientFixture(other.server);
          const skopeo = await openSkopeo(other.workspace, "admin");
          expectDone(await skopeo.login(other.registry.host, ADMIN_NAME, passwordOf(ADMIN_NAME)));
          expectDone(await skopeo.push(other.image("team/app:1"), "one"));
          const made = await other.server.mustCli(["token", "create", "reader"]);
          expectDone(
            await pullFrom(other.image("team/app:1"), "--user", `reader:${made.stdout.trim()}`),
          );
          const asked = (refuser as PostRefuser | null)?.asked ?? [];
          expect(asked).toContain(`POST ${status}`);
          expect(asked.at(-1)).toBe("GET 200");
        } finally {
          await other.close();
        }
      });
    });

    test("the kubernetes form is a Secret that a cluster takes", async () => {
      const made = await site.server.mustCli(["robot", "add", "k8s", "--output", "kubernetes"]);
      const { parse } = await import("yaml");
      const secret = parse(made.stdout) as {
        readonly kind: string;
        readonly type: string;
        readonly data: Record<string, string>;
      };
      expect(secret).toMatchObject({ kind: "Secret", type: "kubernetes.io/dockerconfigjson" });
      const text = Buffer.from(secret.data[".dockerconfigjson"] ?? "", "base64").toString();
      const skopeo = await openSkopeo(site.workspace, "k8s");
      const file = join(site.workspace.folder, "skopeo-k8s", "auth.json");
      await writeFile(file, text);
      await site.server.mustCli(["access", "grant", "team/app", "k8s", "--actions", "pull"]);
      expectDone(await skopeo.pull(site.image("team/app:1")));
    });
  },
);
