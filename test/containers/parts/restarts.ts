// What operators do to a running stack: containers are made anew, restarted one by one, and stopped.
import { randomBytes } from "node:crypto";
import { describe, expect, test } from "@jest/globals";
import { openSkopeo } from "../../support/clients.js";
import { expectDone } from "../../support/outcome.js";
import { waitUntil } from "../../support/poll.js";
import { writeOciLayout } from "../../../src/demo/tiny-image.js";
import { login, PASSWORD, SMALL_IMAGE, type ContainerSite } from "../site.js";
import { startSlowRelay } from "../slow-relay.js";
import { SERVICES } from "../stack.js";

const HOST = "localhost:5000";
/** A pull of about a minute: longer than Dockwarden is away. */
const SLOW_LAYER_BYTES = 6_000_000;
const SLOW_RATE = 100_000;

export function testRestarts(useSite: () => ContainerSite): void {
  describe("a running stack", () => {
    async function pullAnew(): Promise<string> {
      const { engine } = useSite();
      const reference = `${HOST}/team/app:1`;
      await engine.docker("reader", ["image", "rm", "--force", reference]);
      return expectDone(await engine.docker("reader", ["pull", reference]));
    }

    async function push(tag: string): Promise<void> {
      const { engine } = useSite();
      await engine.mustDocker(["tag", SMALL_IMAGE, `${HOST}/team/app:${tag}`]);
      expectDone(await engine.docker("developer", ["push", `${HOST}/team/app:${tag}`]));
    }

    /** What must outlive every container. */
    async function readIdentity(): Promise<unknown> {
      const { stack } = useSite();
      const keys: unknown = JSON.parse(await stack.mustDw(["key", "list", "--json"]));
      const read = async (service: string, path: string): Promise<string> =>
        stack.mustCompose(["exec", "-T", service, "cat", path]);
      return {
        keys,
        ca: await read("registry", "/trust/token-ca.pem"),
        httpSecret: await read("registry", "/var/lib/registry/.http-secret"),
        eventsSecret: await read("registry", "/shared/events-secret"),
      };
    }

    test("containers that are removed and made anew keep images, accounts and keys", async () => {
      const { stack, engine } = useSite();
      const before = await readIdentity();
      await stack.mustCompose(["down", "--timeout", "8"]);
      await stack.up();
      expect(await readIdentity()).toEqual(before);
      expect(await pullAnew()).toContain("Downloaded newer image");
      await login(engine, HOST, "reader");
    }, 120_000);

    test("a stack of an earlier version, without a secret for notifications, makes one and comes up", async () => {
      const { stack, engine } = useSite();
      await stack.mustCompose(["down", "--timeout", "8"]);
      await engine.mustDocker(["volume", "rm", "stack_shared"]);
      await stack.up();
      const read = ["exec", "-T", "registry", "cat", "/shared/events-secret"];
      expect(await stack.mustCompose(read)).toMatch(/^[A-Za-z0-9_-]{43}\n$/);
      const shown = await stack.mustCompose(["logs", "--no-color", "registry"]);
      expect(shown).not.toContain("Dockwarden is not told");
      await pullAnew();
    }, 120_000);

    test("the registry is restarted alone, and pushes and pulls go on as before", async () => {
      const { stack } = useSite();
      const before = await readIdentity();
      await stack.mustCompose(["rm", "--stop", "--force", "registry"]);
      const answer = await useSite().machines.server.run("curl", ["-sS", `http://${HOST}/v2/`]);
      expect(JSON.parse(answer.stdout)).toMatchObject({ errors: [{ code: "UNAVAILABLE" }] });
      await stack.up();
      expect(await readIdentity()).toEqual(before);
      await pullAnew();
      await push("after-registry");
    }, 120_000);

    test("the door finds a registry that has come back with another address", async () => {
      const { stack, engine } = useSite();
      const address = "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}";
      const before = await stack.inspect("registry", address);
      await stack.mustCompose(["rm", "--stop", "--force", "registry"]);
      const squatter = ["--name=squatter", `--network=stack_default`, "--entrypoint=sleep"];
      await engine.mustDocker(["run", "--detach", ...squatter, "nginx:stable", "600"]);
      await engine.mustDocker(["network", "connect", "stack_inside", "squatter"]);
      await stack.up();
      await engine.mustDocker(["rm", "--force", "squatter"]);
      expect(await stack.inspect("registry", address)).not.toBe(before);
      await push("after-move");
    }, 120_000);

    test("Dockwarden is restarted alone while pulls go on, and none of them notices", async () => {
      const { stack, workspace, machines } = useSite();
      await stack.configure({ DOOR_BIND: "0.0.0.0" });
      await stack.up();
      const direct = `${machines.serverAddress}:5000`;
      const target = { host: machines.serverAddress, port: 5000 };
      const layout = await workspace.subfolder("slow-image");
      writeOciLayout(layout, randomBytes(SLOW_LAYER_BYTES));
      const pullers = await Promise.all(
        ["a", "b", "c"].map(async (name) => {
          const line = await startSlowRelay(workspace, machines.ownAddress, target, SLOW_RATE);
          const host = `${machines.ownAddress}:${line.port}`;
          const person = await openSkopeo(workspace, name, { limitMilliseconds: 150_000 });
          expectDone(await person.login(host, "developer", PASSWORD));
          return { line, person, reference: `${host}/team/app:slow` };
        }),
      );
      const pusher = await openSkopeo(workspace, "pusher");
      expectDone(await pusher.login(direct, "developer", PASSWORD));
      const copy = ["copy", "--dest-tls-verify=false", `oci:${layout}:latest`];
      expectDone(await pusher.skopeo([...copy, `docker://${direct}/team/app:slow`]));
      const pulls = pullers.map(({ person, reference }) => person.pull(reference));
      await waitUntil("all pulls to be under way", async () =>
        pullers.every(({ line }) => line.sent() > SLOW_RATE),
      );
      await stack.mustCompose(["restart", "--timeout", "8", "dockwarden"]);
      await stack.waitUntilHealthy();
      expect(pullers.filter(({ line }) => line.sent() >= SLOW_LAYER_BYTES)).toEqual([]);
      expectDone(await pusher.login(direct, "developer", PASSWORD));
      for (const outcome of await Promise.all(pulls)) expectDone(outcome);
    }, 180_000);

    test("I01: all of it stops by itself, before anything has to be killed", async () => {
      const { stack } = useSite();
      await stack.mustCompose(["stop", "--timeout", "8"]);
      for (const service of SERVICES) {
        expect([service, await stack.inspect(service, "{{.State.ExitCode}}")]).toEqual([
          service,
          "0",
        ]);
      }
      await stack.up();
      await pullAnew();
    }, 120_000);
  });
}
