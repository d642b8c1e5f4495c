// `docker-compose up` on a laptop, without any settings, and docker beside it.
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "@jest/globals";
import { expectDone, expectFailed } from "../../support/outcome.js";
import { startDaemon, type Outcome } from "../../support/process.js";
import { waitUntil } from "../../support/poll.js";
import { addPeople, login, SMALL_IMAGE, type ContainerSite } from "../site.js";
import { SERVICES } from "../stack.js";

const HOST = "localhost:5000";

export function testLaptop(useSite: () => ContainerSite): void {
  describe("docker-compose up on a laptop", () => {
    let adminPassword = "";

    async function push(person: string, reference: string): Promise<Outcome> {
      const { engine } = useSite();
      await engine.mustDocker(["tag", SMALL_IMAGE, `${HOST}/${reference}`]);
      return engine.docker(person, ["push", `${HOST}/${reference}`]);
    }

    /** Only what the registry gives counts, not what the engine still has. */
    async function pull(person: string, reference: string): Promise<Outcome> {
      const { engine } = useSite();
      await engine.docker(person, ["image", "rm", "--force", `${HOST}/${reference}`]);
      return engine.docker(person, ["pull", `${HOST}/${reference}`]);
    }

    beforeAll(async () => {
      const { stack, engine } = useSite();
      await stack.up();
      adminPassword = await addPeople(stack);
      await login(engine, HOST, "reader");
      await login(engine, HOST, "admin", adminPassword);
      await login(engine, HOST, "developer");
      expectDone(await push("admin", "team/secret:1"));
      expectDone(await push("admin", "public/base:1"));
    }, 180_000);

    test("D02: who may push pushes, and who may pull pulls it", async () => {
      expect(expectDone(await push("developer", "team/app:1"))).toContain("1: digest: sha256:");
      expect(expectDone(await pull("reader", "team/app:1"))).toContain("Downloaded newer image");
    });

    test("D02: a push beyond the account's rights is denied", async () => {
      const outcome = await push("reader", "team/app:2");
      expectFailed(outcome, "denied: reader may pull team/app but not push");
    });

    test("D02: a pull beyond the account's rights is denied", async () => {
      const outcome = await pull("developer", "team/secret:1");
      expectFailed(outcome, "denied: developer may not pull team/secret");
    });

    test("anybody pulls a public image without logging in", async () => {
      expectDone(await pull("nobody", "public/base:1"));
    });

    test("a wrong password is refused", async () => {
      const args = ["login", "--username=reader", "--password-stdin", HOST];
      const outcome = await useSite().engine.docker("stranger", args, {
        stdin: "not-the-password",
      });
      expectFailed(outcome, "wrong user name or password");
    });

    test("the door alone is published, and on this machine only", async () => {
      const { stack, machines } = useSite();
      const published = await Promise.all(
        SERVICES.map((name) => stack.inspect(name, "{{json .HostConfig.PortBindings}}")),
      );
      expect(published).toEqual([
        "{}",
        "{}",
        '{"5000/tcp":[{"HostIp":"127.0.0.1","HostPort":"5000"}]}',
      ]);
      const url = `http://${machines.serverAddress}:5000/v2/`;
      const outcome = await machines.laptop.run("curl", ["-sS", url]);
      expectFailed(outcome, "Failed to connect");
    });

    test("behind the door only what clients and people need is there", async () => {
      const { server } = useSite().machines;
      const status = async (path: string): Promise<string> => {
        const args = ["-sS", "-o", "/dev/null", "-w", "%{http_code}", "--path-as-is"];
        return (await server.run("curl", [...args, `http://${HOST}${path}`])).stdout;
      };
      for (const path of ["/", "/.well-known/token-ca.pem", "/.well-known/jwks.json"]) {
        expect([path, await status(path)]).toEqual([path, "200"]);
      }
      for (const path of ["/v2/", "/v2/_catalog", "/v2/team/app/tags/list"]) {
        expect([path, await status(path)]).toEqual([path, "401"]);
      }
      const hidden = ["/health", "/health/ready", "/authz", "/events", "/metrics", "/debug/pprof"];
      for (const path of [...hidden, "/token/../health/ready", "/v2/../health", "/tokens"]) {
        expect([path, await status(path)]).toEqual([path, "404"]);
      }
    });

    test("registries get the certificates and no private key", async () => {
      const { stack } = useSite();
      const list = async (service: string, path: string): Promise<string[]> => {
        const text = await stack.mustCompose(["exec", "-T", service, "ls", path]);
        return text.trim().split(/\s+/).sort();
      };
      expect(await list("registry", "/trust")).toEqual(["jwks.json", "token-ca.pem"]);
      expect(await list("registry", "/shared")).toEqual(["events-secret"]);
      const mounts = await stack.inspect("registry", "{{range .Mounts}}{{.Destination}} {{end}}");
      expect(
        mounts
          .split(" ")
          .filter((path) => path !== "")
          .sort(),
      ).toEqual([
        "/etc/dockwarden-registry/config.yml",
        "/etc/dockwarden-registry/registry.sh",
        "/shared",
        "/trust",
        "/var/lib/registry",
      ]);
    });

    test("M04: every container has a read-only root and no rights to gain more", async () => {
      const { stack } = useSite();
      for (const service of SERVICES) {
        const format =
          "{{.HostConfig.ReadonlyRootfs}} {{.HostConfig.SecurityOpt}} {{.HostConfig.CapDrop}}";
        expect(await stack.inspect(service, format)).toBe("true [no-new-privileges:true] [ALL]");
        const touched = await stack.compose(["exec", "-T", service, "touch", "/etc/x"]);
        expectFailed(touched, "Read-only file system");
      }
      const door = await stack.mustCompose([
        "exec",
        "-T",
        "door",
        "sh",
        "-c",
        "cat /proc/[0-9]*/status",
      ]);
      // The first process of nginx binds and reads the private key; those that speak with clients are nobody.
      expect(door).toMatch(/^Name:\tnginx$[^]*^Uid:\t65534\t/m);
    });

    test("dw takes a password from a pipe and gives a generated one", async () => {
      const { stack } = useSite();
      const generated = await stack.mustDw(["user", "add", "generated", "--generate"]);
      expect(generated.trim().length).toBeGreaterThan(15);
      await login(useSite().engine, HOST, "generated", generated.trim());
    });

    test("dw asks nothing where nobody can answer", async () => {
      const { stack, engine, workspace } = useSite();
      const outcome = await stack.dw(["user", "add", "nobody-asks"]);
      expect(outcome.code).toBe(2);
      expect(outcome.text).toContain("no password: give --generate, --password-stdin");
      // As in a CI job: standard input stays open and says nothing.
      const container = (await stack.mustCompose(["ps", "--quiet", "dockwarden"])).trim();
      const env = { PATH: process.env["PATH"] ?? "" };
      for (const [command, code] of [
        ["user add never-asked", 2],
        ["user passwd reader", 2],
        ["user remove generated", 0],
      ] as const) {
        const dw = `docker --host ${engine.socket} exec --interactive ${container} dw ${command}`;
        const logFile = join(workspace.folder, "dw.log");
        const line = `sleep 600 | { ${dw}; echo "exit code $?"; }`;
        const daemon = await startDaemon("sh", ["-c", line], { env, logFile });
        try {
          await waitUntil(`dw ${command} to end`, async () => daemon.log().includes("exit code "));
          expect(daemon.log()).toContain(`exit code ${code}`);
        } finally {
          await daemon.stop();
          await rm(logFile);
        }
      }
    });
  });
}
