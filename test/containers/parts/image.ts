// The image by itself: `docker run` without anything else.
import { describe, expect, test } from "@jest/globals";
import { expectFailed } from "../../support/outcome.js";
import { waitUntil } from "../../support/poll.js";
import { linesOf } from "../newcomer.js";
import { IMAGE, type ContainerSite } from "../site.js";
import { expectAsPromised, openTypist } from "../typist.js";

const READ_ONLY = ["--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges"];

export function testImage(useSite: () => ContainerSite): void {
  describe("the image", () => {
    const docker = (...args: string[]): Promise<string> => useSite().engine.mustDocker(args);
    const inspect = (what: string, format: string): Promise<string> =>
      docker("inspect", "--format", format, what).then((text) => text.trim());

    test("says what it is, runs as nobody in particular, and knows whether it is healthy", async () => {
      const labels = JSON.parse(await inspect(IMAGE, "{{json .Config.Labels}}")) as unknown;
      expect(labels).toMatchObject({
        "org.opencontainers.image.title": "Dockwarden",
        "org.opencontainers.image.licenses": "MIT",
      });
      expect(await inspect(IMAGE, "{{.Config.User}}")).toBe("10001:10001");
      expect(await inspect(IMAGE, "{{json .Config.Healthcheck.Test}}")).toBe(
        '["CMD","node","/app/docker/healthcheck.mjs"]',
      );
    });

    test("is its base image and less than 40 MB more", async () => {
      const own = Number(await inspect(IMAGE, "{{.Size}}"));
      const base = Number(await inspect("node:24-bookworm-slim", "{{.Size}}"));
      expect(own - base).toBeLessThan(40_000_000);
    });

    test("holds no key, no store, no compiler and no sources", async () => {
      const find = ["find", "/app", "/data", "/keys", "/trust", "/etc/dockwarden"];
      const files = await docker("run", "--rm", "--entrypoint=", IMAGE, ...find, "-type", "f");
      expect(files).toContain("/app/dist/main.js");
      for (const unwanted of ["typescript", "/app/src", ".pem", ".db", ".env", "@jest"]) {
        const found = files.split("\n").filter((path) => path.includes(`/${unwanted}`));
        expect(found).toEqual([]);
      }
    });

    test("M04: runs alone on a read-only root, becomes healthy, and answers", async () => {
      const quick = ["--health-interval=1s", ...READ_ONLY];
      await docker("run", "--detach", "--name=alone", ...quick, "-p", "127.0.0.1:5001:5001", IMAGE);
      await waitUntil(
        "the health check to pass",
        async () => (await inspect("alone", "{{.State.Health.Status}}")) === "healthy",
        60_000,
      );
      const { server } = useSite().machines;
      const password = (await docker("exec", "alone", "cat", "/data/first-admin-password")).trim();
      const url = "http://127.0.0.1:5001/token?service=registry";
      const answer = await server.run("curl", ["-sS", "-u", `admin:${password}`, url]);
      expect(JSON.parse(answer.stdout)).toMatchObject({ expires_in: 300 });
    });

    test("what it says at its first start fits a shell outside of it", async () => {
      const outcome = await useSite().engine.docker("nobody", ["logs", "alone"]);
      expect(outcome.text).toContain(
        "password in /data/first-admin-password   (in this container:",
      );
      expect(outcome.text).toMatch(/^ {2}curl -u admin 'http:\/\/localhost:5001\/token\?/m);
    });

    test("M04: writes to data, keys and trust and nowhere else", async () => {
      const script =
        "for d in /* /app /etc/dockwarden; do touch $d/x 2>/dev/null && echo $d; done; id -u";
      const text = await docker("exec", "alone", "sh", "-c", script);
      // /dev is the engine's own, in memory.
      const written = text
        .trim()
        .split("\n")
        .filter((line) => line !== "/dev");
      expect(written).toEqual(["/data", "/keys", "/trust", "10001"]);
      expect(await docker("diff", "alone")).toBe("");
    });

    test("I01: stops by SIGTERM within its grace time, with exit code 0", async () => {
      await docker("stop", "--time=8", "alone");
      expect(await inspect("alone", "{{.State.ExitCode}}")).toBe("0");
      await docker("rm", "--volumes", "alone");
    });

    test("docs/image.md: its lines run it alone", async () => {
      const { workspace, machines, engine, stack } = useSite();
      const person = await openTypist(workspace, {
        machine: machines.server,
        folder: stack.folder,
        socket: engine.socket,
        home: await workspace.subfolder("image-home"),
      });
      const ask = ["-sS", "--fail", "http://127.0.0.1:5001/health/ready"];
      for (const line of linesOf("docs/image.md", "The image alone")) {
        expectAsPromised(line, await person.type(line));
        await waitUntil("Dockwarden alone", async () => {
          return (await machines.server.run("curl", ask)).code === 0;
        });
      }
      expect([...person.passwords.keys()]).toEqual(["admin", "developer"]);
      const log = await engine.docker("nobody", ["logs", "dockwarden"]);
      expect(log.text).toContain("realm: https://registry.example.com/token");
      await docker("rm", "--force", "dockwarden");
      await docker("volume", "rm", "dockwarden-data", "dockwarden-keys", "dockwarden-trust");
    });

    test("a command in it ends by a signal as well, though it is process 1", async () => {
      await docker("run", "--detach", "--interactive", "--name=waiting", IMAGE, "init");
      await docker("wait", "waiting");
      expect(await inspect("waiting", "{{.State.ExitCode}}")).toBe("0");
      await docker("rm", "--volumes", "waiting");
      const args = ["user", "add", "someone", "--password-stdin"];
      await docker("run", "--detach", "--interactive", "--name=waiting", IMAGE, ...args);
      await docker("stop", "--time=8", "waiting");
      expect(Number(await inspect("waiting", "{{.State.ExitCode}}"))).not.toBe(137);
      await docker("rm", "--volumes", "waiting");
    });

    test("the health check fails, and says why, where no server runs", async () => {
      const args = ["run", "--rm", "--entrypoint=node", IMAGE, "/app/docker/healthcheck.mjs"];
      const outcome = await useSite().engine.docker("nobody", args);
      expectFailed(outcome, "/health/ready can't be asked: connect ECONNREFUSED");
      expect(outcome.code).toBe(1);
    });

    test("dw is the command line, under both names", async () => {
      const short = await docker("run", "--rm", "--entrypoint=dw", IMAGE, "--version");
      const long = await docker("run", "--rm", "--entrypoint=dockwarden", IMAGE, "--version");
      expect(short).toMatch(/^\d+\.\d+\.\d+/);
      expect(long).toBe(short);
    });
  });
}
