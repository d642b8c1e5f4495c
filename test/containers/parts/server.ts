// The stack on a server, and people on another machine: they are sent for tokens to the very address that they used.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "@jest/globals";
import { expectDone } from "../../support/outcome.js";
import { SERVER_NAME } from "../machines.js";
import { PASSWORD, type ContainerSite } from "../site.js";
import { SERVICES } from "../stack.js";

export function testServer(useSite: () => ContainerSite): void {
  describe("the stack on a server", () => {
    const laptop = async (...args: string[]): Promise<string> => {
      const outcome = await useSite().machines.laptop.run("curl", ["-sS", ...args]);
      return expectDone(outcome);
    };
    /** The WWW-Authenticate line of the answer. */
    const challenge = async (...args: string[]): Promise<string | undefined> =>
      /^www-authenticate: (.*)\r$/im.exec(await laptop("--include", ...args))?.[1];

    beforeAll(async () => {
      const { stack } = useSite();
      await stack.configure({ DOOR_BIND: "0.0.0.0" });
      await stack.up();
    }, 120_000);

    test("the realm is the name or the address that the client used", async () => {
      const { serverAddress } = useSite().machines;
      for (const host of [`${SERVER_NAME}:5000`, `${serverAddress}:5000`]) {
        expect(await challenge(`http://${host}/v2/`)).toBe(
          `Bearer realm="http://${host}/token",service="registry"`,
        );
      }
    });

    test("a port that is another one on the way in stays in the realm", async () => {
      const url = `http://${SERVER_NAME}:5000/v2/`;
      expect(await challenge("-H", "Host: [fd00::7]:8443", url)).toBe(
        'Bearer realm="http://[fd00::7]:8443/token",service="registry"',
      );
    });

    test("a token that is not accepted is answered with the same realm, scope and error kept", async () => {
      const url = `http://${SERVER_NAME}:5000/v2/team/app/tags/list`;
      expect(await challenge("-H", "Authorization: Bearer x.y.z", url)).toBe(
        `Bearer realm="http://${SERVER_NAME}:5000/token",service="registry",` +
          'scope="repository:team/app:pull",error="invalid_token"',
      );
      expect(await challenge(url)).toBe(
        `Bearer realm="http://${SERVER_NAME}:5000/token",service="registry",` +
          'scope="repository:team/app:pull"',
      );
    });

    test("a host that could break out of the challenge is refused", async () => {
      const url = `http://${SERVER_NAME}:5000/v2/`;
      for (const host of ['x",realm="http://evil.example', "a b", "evil/..", "x:y"]) {
        const status = await laptop(
          "-o",
          "/dev/null",
          "-w",
          "%{http_code}",
          "-H",
          `Host: ${host}`,
          url,
        );
        expect([host, status]).toEqual([host, "400"]);
      }
    });

    test("what a client says of its own address and scheme counts for nothing", async () => {
      const lies = [
        "X-Forwarded-Proto: https",
        "X-Forwarded-Host: evil.example",
        "Forwarded: host=evil",
      ];
      const headers = lies.flatMap((line) => ["-H", line]);
      expect(await challenge(...headers, `http://${SERVER_NAME}:5000/v2/`)).toBe(
        `Bearer realm="http://${SERVER_NAME}:5000/token",service="registry"`,
      );
    });

    test("B16: a failed login is put down to the client's own address, whatever it says of itself", async () => {
      const { stack, machines } = useSite();
      const url = `http://${SERVER_NAME}:5000/token?service=registry`;
      await laptop("-H", "X-Forwarded-For: 203.0.113.9", "-u", "reader:wrong", url);
      await stack.waitUntilLogged("dockwarden", `"ip":"${machines.laptopAddress}"`);
      const log = await stack.mustCompose(["logs", "--no-color", "dockwarden"]);
      expect(log).not.toContain("203.0.113.9");
    });

    test("people log in and pull from another machine, by name and by address", async () => {
      const { machines, workspace } = useSite();
      const home = await workspace.subfolder("laptop-skopeo");
      const env = { REGISTRY_AUTH_FILE: join(home, "auth.json") };
      for (const host of [`${SERVER_NAME}:5000`, `${machines.serverAddress}:5000`]) {
        const account = ["--tls-verify=false", "--username=reader", "--password-stdin", host];
        const options = { env, stdin: PASSWORD };
        const entered = await machines.laptop.run("skopeo", ["login", ...account], options);
        expect(expectDone(entered)).toContain("Login Succeeded!");
        const target = join(home, host);
        await mkdir(target);
        const copy = [
          "copy",
          "--src-tls-verify=false",
          `docker://${host}/team/app:1`,
          `dir:${target}`,
        ];
        expectDone(await machines.laptop.run("skopeo", copy, { env }));
      }
    });

    test("nothing but the door's port can be reached", async () => {
      const { machines, stack } = useSite();
      const format = "{{range .NetworkSettings.Networks}}{{.IPAddress}} {{end}}";
      const containers = await Promise.all(SERVICES.map((name) => stack.inspect(name, format)));
      const hosts = [machines.serverAddress, ...containers.flatMap((text) => text.split(" "))];
      expect(hosts).toHaveLength(6);
      const ports = hosts.flatMap((host) =>
        [80, 443, 5000, 5001, 8081].map((number) => `${host}:${number}`),
      );
      const open = await Promise.all(
        ports.map(async (port) => {
          const args = ["-sS", "-o", "/dev/null", "--connect-timeout", "3", `http://${port}/`];
          return (await machines.laptop.run("curl", args)).code === 0 ? [port] : [];
        }),
      );
      const published = `${machines.serverAddress}:5000`;
      const door = containers[SERVICES.indexOf("door")] ?? "";
      // Docker lets the door's published port through to the door by its own address as well.
      const doors = door.split(" ").map((address) => `${address}:5000`);
      expect(open.flat()).toContain(published);
      expect(open.flat().filter((port) => port !== published && !doors.includes(port))).toEqual([]);
    });

    test("the gate and the events are nobody's outside, and the door doesn't know the secret of the events", async () => {
      const { stack } = useSite();
      for (const path of ["/authz", "/events", "/_gate"]) {
        const url = `http://${SERVER_NAME}:5000${path}`;
        expect(await laptop("-o", "/dev/null", "-w", "%{http_code}", url)).toBe("404");
      }
      const look = await stack.compose(["exec", "-T", "door", "ls", "/shared"]);
      expect(look.code).not.toBe(0);
      const mode = ["exec", "-T", "dockwarden", "stat", "-c", "%a %u", "/shared/events-secret"];
      expect(await stack.mustCompose(mode)).toBe("600 10001\n");
      const secret = await stack.mustCompose([
        "exec",
        "-T",
        "registry",
        "cat",
        "/shared/events-secret",
      ]);
      const log = await stack.mustCompose(["logs", "--no-color"]);
      expect(log).not.toContain(secret.trim());
    });

    test("PUBLIC_URL stands above what clients use, and proxies named to the door are believed", async () => {
      const { stack } = useSite();
      const url = `http://${SERVER_NAME}:5000/v2/`;
      await stack.configure({ DOOR_BIND: "0.0.0.0", DOOR_TRUSTED_PROXIES: "10.213.0.0/16" });
      await stack.up();
      expect(
        await challenge("-H", "X-Forwarded-Proto: https", "-H", "Host: images.example", url),
      ).toBe('Bearer realm="https://images.example/token",service="registry"');
      await stack.configure({ DOOR_BIND: "0.0.0.0", PUBLIC_URL: "https://images.example.com" });
      await stack.up();
      expect(await challenge(url)).toBe(
        'Bearer realm="https://images.example.com/token",service="registry"',
      );
      const shown = await stack.mustDw(["config", "print"]);
      expect(shown).toContain("https://images.example.com");
    }, 120_000);

    test("a PUBLIC_URL that can't be one is refused by the door with a word on what it must be", async () => {
      const { stack } = useSite();
      await writeFile(join(stack.folder, ".env"), "PUBLIC_URL=images.example.com\n");
      await stack.compose(["up", "--detach", "--no-deps", "door"]);
      await stack.waitUntilLogged(
        "door",
        "PUBLIC_URL is images.example.com; it must be scheme, host and perhaps port",
      );
    }, 120_000);
  });
}
