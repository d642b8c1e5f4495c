// HTTPS by putting a certificate and its key into a folder: made for a laboratory, trusted by clients, renewed.
import { X509Certificate } from "node:crypto";
import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "@jest/globals";
import { startContainerd } from "../../support/clients.js";
import { expectDone, expectFailed } from "../../support/outcome.js";
import { waitUntil } from "../../support/poll.js";
import type { Outcome } from "../../support/process.js";
import { startContainerEngine } from "../container-engine.js";
import { SERVER_NAME } from "../machines.js";
import { login, PASSWORD, type ContainerSite } from "../site.js";

const HOST = `${SERVER_NAME}:5000`;

export function testTls(useSite: () => ContainerSite): void {
  describe("the stack with TLS", () => {
    let printed = "";

    /** As a person would, in the folder with docker-compose.yml. */
    async function makeLabCertificate(): Promise<string> {
      const { stack, machines } = useSite();
      const args = ["door/lab-certificate.sh", SERVER_NAME, machines.serverAddress];
      return expectDone(await machines.server.run("sh", args, { cwd: stack.folder }));
    }

    const file = (name: string): string => join(useSite().stack.folder, name);

    async function curl(...args: string[]): Promise<Outcome> {
      return useSite().machines.laptop.run("curl", [
        "-sS",
        "--cacert",
        file("tls-ca/ca.crt"),
        ...args,
      ]);
    }

    /** The certificate that the door shows. */
    async function readShown(): Promise<string> {
      const args = ["s_client", "-connect", HOST, "-servername", SERVER_NAME];
      const outcome = await useSite().machines.laptop.run("openssl", args);
      const pem = /-----BEGIN CERTIFICATE-----[^]*?-----END CERTIFICATE-----/.exec(outcome.text);
      return pem === null ? "" : new X509Certificate(pem[0]).serialNumber;
    }

    async function readFiled(): Promise<string> {
      return new X509Certificate(await readFile(file("tls/tls.crt"))).serialNumber;
    }

    async function waitUntilShown(): Promise<void> {
      const filed = await readFiled();
      await waitUntil(
        "the door to show the new certificate",
        async () => (await readShown()) === filed,
      );
    }

    beforeAll(async () => {
      const { stack, machines } = useSite();
      await stack.configure({ DOOR_RELOAD_SECONDS: "1" });
      await stack.up();
      printed = await makeLabCertificate();
      // It was plain HTTP a moment ago, and was not restarted.
      const target = ["--resolve", `${HOST}:127.0.0.1`, "--cacert", file("tls-ca/ca.crt")];
      const args = ["-sS", ...target, `https://${HOST}/v2/`];
      await waitUntil("the door to speak TLS", async () => {
        return (await machines.server.run("curl", args)).code === 0;
      });
      await stack.up();
    }, 120_000);

    test("the lab certificate names host and address, and opens the door to others", async () => {
      const { serverAddress } = useSite().machines;
      const certificate = new X509Certificate(await readFile(file("tls/tls.crt")));
      expect(certificate.subjectAltName).toBe(`DNS:${SERVER_NAME}, IP Address:${serverAddress}`);
      expect(await readFile(file(".env"), "utf8")).toContain("DOOR_BIND=0.0.0.0");
      for (const host of [HOST, `${serverAddress}:5000`]) {
        const answer = await curl("--include", `https://${host}/v2/`);
        expect(expectDone(answer)).toContain(
          `Bearer realm="https://${host}/token",service="registry"`,
        );
      }
    });

    test("commands know the names of the lab certificate for this registry's own", async () => {
      const { stack, machines } = useSite();
      for (const host of ["localhost", SERVER_NAME, machines.serverAddress]) {
        const args = ["access", "check", "reader", `${host}:5000/team/app`, "--action", "pull"];
        expectDone(await stack.dw(args));
      }
      const stranger = await stack.dw(["access", "check", "reader", "other.lab:5000/team/app"]);
      expectFailed(stranger, "add the host to registry.hosts");
    });

    test("plain HTTP is refused with a word, not with a page of bytes", async () => {
      const answer = await curl(`http://${HOST}/v2/`);
      expect(JSON.parse(answer.stdout)).toMatchObject({
        errors: [{ message: "this port speaks HTTPS only" }],
      });
    });

    test("docker and podman trust it after the steps that were printed", async () => {
      const { workspace, machines } = useSite();
      const engine = await startContainerEngine(workspace, machines.laptop, {
        name: "laptop-engine",
        insecureRegistries: [],
      });
      const args = ["login", "--username=reader", "--password-stdin", HOST];
      const before = await engine.docker("reader", args, { stdin: PASSWORD });
      expectFailed(before, "certificate signed by unknown authority");
      for (const client of ["docker", "podman"]) {
        const step = new RegExp(`^ +${client} +sudo (install .*registry\\.lab[^(\\n]*)`, "m").exec(
          printed,
        );
        const command = step?.[1] ?? "exit 1";
        const cwd = file("tls-ca");
        expectDone(await machines.laptop.run("sh", ["-c", command], { cwd }));
      }
      await login(engine, HOST, "reader");
      expectDone(await engine.docker("reader", ["pull", `${HOST}/team/app:1`]));
      const auth = { REGISTRY_AUTH_FILE: join(workspace.folder, "tls-auth.json") };
      await writeFile(auth.REGISTRY_AUTH_FILE, "{}");
      const podman = await machines.laptop.run("podman", args, { env: auth, stdin: PASSWORD });
      expect(expectDone(podman)).toContain("Login Succeeded!");
    }, 120_000);

    test("containerd trusts it after the step that was printed", async () => {
      const { workspace, machines } = useSite();
      const host = `${machines.serverAddress}:5000`;
      const folder = await workspace.subfolder("containerd-certs");
      const start = printed.indexOf("containerd ", printed.indexOf(`certs.d/${host}`));
      const lines = printed.slice(start).split("\n").slice(0, 3).join("\n");
      const script = lines
        .replace(/^containerd +/, "")
        .replaceAll("sudo ", "")
        .replaceAll("/etc/containerd/certs.d", folder);
      expectDone(await machines.server.run("sh", ["-c", script], { cwd: file("tls-ca") }));
      const ctr = await startContainerd(workspace);
      const pull = ["images", "pull", "--snapshotter=native", "--hosts-dir", folder];
      expectDone(await ctr([...pull, "--user", `reader:${PASSWORD}`, `${host}/team/app:1`]));
    });

    test("a renewed certificate is taken over while the door runs", async () => {
      const { stack } = useSite();
      const started = await stack.inspect("door", "{{.State.StartedAt}}");
      const before = await readShown();
      await makeLabCertificate();
      await waitUntilShown();
      expect(await readShown()).not.toBe(before);
      expect(await stack.inspect("door", "{{.State.StartedAt}}")).toBe(started);
    });

    test("a key that doesn't fit is refused, and the old pair stays in use until it does", async () => {
      const { stack, machines } = useSite();
      const before = await readShown();
      await cp(file("tls/tls.key"), file("right.key"));
      const args = [
        "ecparam",
        "-name",
        "prime256v1",
        "-genkey",
        "-noout",
        "-out",
        file("tls/tls.key"),
      ];
      expectDone(await machines.server.run("openssl", args));
      await stack.waitUntilLogged("door", "can't be used, the old ones stay in use");
      expect(await readShown()).toBe(before);
      await makeLabCertificate();
      await waitUntilShown();
      await rm(file("right.key"));
    });

    test("compose.caddy.yml puts a certificate of its own before the door", async () => {
      const { stack, machines } = useSite();
      await rm(file("tls/tls.crt"));
      await rm(file("tls/tls.key"));
      await stack.configure({
        // As the guide says: both in .env, so that every later command knows them.
        DOMAIN: "localhost",
        COMPOSE_FILE: "docker-compose.yml:compose.caddy.yml",
        CADDY_BIND: "127.0.0.1",
        CADDY_HTTPS_PORT: "8443",
      });
      await stack.up();
      const args = ["-sS", "--insecure", "--include", "https://localhost:8443/v2/"];
      await waitUntil("Caddy to have its certificate", async () => {
        const answer = await machines.server.run("curl", args);
        return answer.stdout.includes(
          'Bearer realm="https://localhost:8443/token",service="registry"',
        );
      });
      const account = ["--insecure", "-u", `reader:${PASSWORD}`];
      const url = "https://localhost:8443/token?service=registry&scope=repository:team/app:pull";
      const answer = await machines.server.run("curl", ["-sS", ...account, url]);
      expect(JSON.parse(answer.stdout)).toMatchObject({ expires_in: 300 });
      expect(await stack.mustDw(["config", "print"])).toContain("https://localhost:8443");
    }, 120_000);
  });
}
