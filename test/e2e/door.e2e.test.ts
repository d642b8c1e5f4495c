// The door's start and its watch over certificates, with nginx itself: every fault is told once, in its own words.
import { cp, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "@jest/globals";
import { ROOT } from "../support/documents.js";
import { expectDone } from "../support/outcome.js";
import { waitUntil } from "../support/poll.js";
import { findFreePort } from "../support/free-port.js";
import { run, startDaemon, waitUntilReady, type Daemon } from "../support/process.js";
import { describeWith } from "../support/programs.js";
import { openWorkspace, type Workspace } from "../support/workspace.js";

type Settings = Readonly<Record<string, string>>;

describeWith(["nginx", "openssl", "curl"], "the door", () => {
  let workspace: Workspace;
  let port: number;
  let common: Settings;

  beforeEach(async () => {
    workspace = await openWorkspace();
    await cp(join(ROOT, "door"), join(workspace.folder, "door"), { recursive: true });
    await workspace.subfolder("tls");
    port = await findFreePort();
    common = {
      PATH: `${process.env["PATH"] ?? ""}:/usr/sbin`,
      DOOR_TLS_DIRECTORY: file("tls"),
      DOOR_RUN_DIRECTORY: file("run"),
      DOOR_PORT: String(port),
      DOOR_HEALTH_PORT: String(await findFreePort()),
      DOOR_RELOAD_SECONDS: "0.2",
    };
  });

  afterEach(() => workspace.close());

  const file = (name: string): string => join(workspace.folder, name);

  async function start(settings: Settings = {}): Promise<Daemon> {
    const env = { ...common, ...settings };
    const logFile = file("door.log");
    const door = await startDaemon("sh", [file("door/door.sh")], { env, logFile });
    workspace.onClose(() => door.stop("SIGQUIT"));
    const health = `http://127.0.0.1:${common["DOOR_HEALTH_PORT"] ?? ""}/`;
    await waitUntilReady(door, "The door", async () => (await fetch(health)).status === 204);
    return door;
  }

  /** To its end, which must be a failure. Answers what it said. */
  async function failToStart(settings: Settings = {}): Promise<string> {
    const env = { ...common, ...settings };
    const logFile = file("door.log");
    // NOTE nginx can't open /dev/stdout where that is a pipe of Node.js: to a file, as Docker's log.
    const door = await startDaemon("sh", [file("door/door.sh")], { env, logFile });
    expect(await door.ended()).toBe(1);
    return door.log();
  }

  async function makeCertificate(days = "30", ...names: string[]): Promise<string> {
    const env = { ...common, LAB_CERTIFICATE_DAYS: days };
    const args = [file("door/lab-certificate.sh"), ...(names.length > 0 ? names : ["localhost"])];
    return expectDone(await run("sh", args, { env }));
  }

  /** Told, and how often. */
  const count = (door: Daemon, text: string): number => door.log().split(text).length - 1;
  const waitForWord = (door: Daemon, text: string): Promise<void> =>
    waitUntil(`the door to say: ${text}`, async () => door.log().includes(text));

  describe("at its start", () => {
    test.each([
      ["10.0.0.0/99", "DOOR_TRUSTED_PROXIES (10.0.0.0/99)"],
      ["fd00::/8,:::", "DOOR_TRUSTED_PROXIES (fd00::/8,:::)"],
      ["proxy.example.com", "DOOR_TRUSTED_PROXIES has proxy.example.com"],
    ])("blames DOOR_TRUSTED_PROXIES=%s for itself, not the certificate", async (proxies, word) => {
      await makeCertificate();
      const said = await failToStart({ DOOR_TRUSTED_PROXIES: proxies });
      expect(said).toContain(word);
      expect(said).not.toMatch(/certificate|stdout/);
    });

    test.each([
      "images.example.com",
      "https://images.example.com:99999",
      "https://images.example.com:0",
      "https://images.example.com/path",
      "https://images.example.com\nhttps://other.example.com",
      'https://images.example.com"; return 200',
    ])("refuses the PUBLIC_URL %j with a word on what it must be", async (url) => {
      expect(await failToStart({ PUBLIC_URL: url })).toContain(`door: PUBLIC_URL is ${url}; `);
    });

    test("refuses one port for clients and for the health check", async () => {
      const both = { DOOR_PORT: String(port), DOOR_HEALTH_PORT: String(port) };
      expect(await failToStart(both)).toContain(`DOOR_PORT and DOOR_HEALTH_PORT are both ${port}`);
    });

    test.each(["https://images.example.com:65535", "http://[fd00::7]:8443/", ""])(
      "takes the PUBLIC_URL %j",
      async (url) => {
        await start({ PUBLIC_URL: url });
      },
    );

    test.each([
      [{ DEFAULT_PUBLIC_URL: "https://images.example.com:443" }, "images.example.com"],
      [{ DEFAULT_PUBLIC_URL: "https://images.example.com:8443" }, "images.example.com:8443"],
      [
        { DEFAULT_PUBLIC_URL: "https://localhost:8443", PUBLIC_URL: "https://images.example.com" },
        "images.example.com",
      ],
    ])("with Caddy before it, %j, sends clients to %s", async (settings, host) => {
      await start(settings);
      const written = await readFile(file("run/nginx.conf"), "utf8");
      expect(written).toContain(`set $public_host ${host};`);
      expect(written).toContain("set $public_scheme https;");
    });

    test("blames the certificate where it is the certificate", async () => {
      await makeCertificate();
      await writeFile(file("tls/tls.crt"), "no certificate\n");
      expect(await failToStart()).toContain("must be PEM and fit each other");
    });
  });

  test("answers a Host that is none in JSON, as everything else", async () => {
    await start();
    for (const host of ["a b", "x:y", ""]) {
      const args = ["-sS", "--include", "-H", host === "" ? "Host;" : `Host: ${host}`];
      const answer = await run("curl", [...args, `http://127.0.0.1:${port}/v2/`], { env: common });
      const [head = "", body = ""] = answer.stdout.split("\r\n\r\n");
      expect(head).toContain("400 Bad Request");
      expect(head).toMatch(/^content-type: application\/json$/im);
      expect(JSON.parse(body)).toMatchObject({ errors: [{ code: "UNSUPPORTED" }] });
    }
  });

  test("tells each fault of a renewal in its own words, and when all is well again", async () => {
    await makeCertificate();
    const door = await start();
    const [certificate, key] = await Promise.all(
      ["tls/tls.crt", "tls/tls.key"].map((name) => readFile(file(name))),
    );
    await writeFile(file("tls/tls.crt"), "no certificate\n");
    await waitForWord(door, "cannot load certificate");
    await rm(file("tls/tls.key"));
    await waitForWord(door, "stay in use: one of the two is missing");
    expect(count(door, "cannot load certificate")).toBe(1);
    await writeFile(file("tls/tls.crt"), certificate ?? "");
    await writeFile(file("tls/tls.key"), key ?? "");
    await waitForWord(door, "are again those in use");
    await makeCertificate();
    await waitForWord(door, "certificate and key taken over");
  });

  test("says loudly that a certificate has ended, at its start and where one is taken over", async () => {
    await makeCertificate("30");
    const door = await start();
    expect(door.log()).not.toMatch(/warning/i);
    await makeCertificate("3");
    await waitForWord(door, "warning: the certificate in");
    await makeCertificate("-1");
    await waitForWord(door, "WARNING: the certificate in");
    expect(door.log()).toMatch(/has EXPIRED \(.* GMT\): clients refuse it/);
    await door.stop("SIGQUIT");
    const again = await start();
    expect(count(again, "has EXPIRED")).toBe(2);
  });

  test("nothing of it is left when nginx has ended, not even what watches the certificates", async () => {
    const door = await start();
    const isRunning = async (): Promise<boolean> => {
      const shown = await run("sh", ["-c", "cat /proc/[0-9]*/cmdline 2>/dev/null"], {
        env: common,
      });
      return shown.stdout.includes(file("door/door.sh"));
    };
    expect(await isRunning()).toBe(true);
    await door.stop("SIGQUIT");
    await waitUntil("the watch to end", async () => !(await isRunning()));
  });

  test("the lab certificate's names are known to commands, and those that were known stay", async () => {
    const printed = await makeCertificate("30", "registry.lab", "192.168.1.10", "fd00::7");
    expect(printed).toContain("docker compose up --detach");
    const settings = await readFile(file(".env"), "utf8");
    expect(settings).toBe(
      "DOCKWARDEN_REGISTRY__HOSTS=localhost,registry.lab,192.168.1.10,[fd00::7]\nDOOR_BIND=0.0.0.0\n",
    );
    await makeCertificate("30", "registry.lab");
    expect(await readFile(file(".env"), "utf8")).toBe(settings);
    await writeFile(file(".env"), "DOOR_BIND=10.0.0.1\nDOCKWARDEN_REGISTRY__HOSTS=images.lab");
    await makeCertificate("30", "registry.lab");
    expect(await readFile(file(".env"), "utf8")).toBe(
      "DOOR_BIND=10.0.0.1\nDOCKWARDEN_REGISTRY__HOSTS=images.lab,registry.lab\n",
    );
  });
});
