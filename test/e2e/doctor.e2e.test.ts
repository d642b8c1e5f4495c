// `dockwarden doctor` against broken installations: each is found, and mended by the very lines that are printed.
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { openDoctorSite, type DoctorSite } from "../support/doctor-site.js";
import { describeAsRoot, describeWith } from "../support/programs.js";

describeWith(["docker-registry", "faketime", "openssl"], "dockwarden doctor", () => {
  let site: DoctorSite;

  beforeAll(async () => {
    site = await openDoctorSite();
  }, 60_000);

  beforeEach(() => site.reset());

  afterAll(() => site.close());

  /** `copy.pem`, of another Dockwarden. */
  async function makeOtherCertificate(): Promise<void> {
    await site.sh(
      "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=other -keyout other.key -out copy.pem 2>/dev/null",
    );
  }

  /** Finds exactly these, does what they say, and then finds nothing. */
  async function expectMended(ids: readonly string[], args = site.everything): Promise<void> {
    const found = await site.doctor(args);
    expect({ ids: found.ids, code: found.code }).toEqual({ ids, code: 1 });
    await site.mend(found);
    await expectWell(args);
  }

  async function expectWell(args = site.everything): Promise<void> {
    const after = await site.doctor(args);
    expect({ findings: after.findings, code: after.code }).toEqual({ findings: [], code: 0 });
  }

  test("finds nothing in an installation that works, and changes nothing in it", async () => {
    const look =
      "find config.yml data keys trust registry.yml -type f -printf '%p %m %s %T@ %i\\n' | sort";
    await expectWell();
    await site.stop("server");
    const before = await site.sh(look);
    expect((await site.doctor(["--before-start"])).ids).toEqual([]);
    expect(await site.sh(look)).toBe(before);
    await site.restart("server");
  });

  test("a realm that leads elsewhere", async () => {
    await site.edit(site.registryFile, "auth.token.realm", "http://localhost:5001/auth");
    await site.restart("registry");
    await expectMended(["fault:registry-file.realm"]);
  });

  test("a realm that leads elsewhere, without the registry's file", async () => {
    await site.edit(site.registryFile, "auth.token.realm", "https://registry.example.com/token");
    await site.restart("registry");
    await expectMended(["fault:registry.realm"], ["--registry", site.registryUrl]);
  });

  test("a wrong service", async () => {
    await site.edit(site.registryFile, "auth.token.service", "Docker registry");
    await site.restart("registry");
    await expectMended(["fault:registry-file.service"]);
  });

  test("a wrong service, without the registry's file", async () => {
    await site.edit(site.registryFile, "auth.token.service", "elsewhere");
    await site.restart("registry");
    await expectMended(["fault:registry.service"], ["--registry", site.registryUrl]);
  });

  test("a wrong issuer, told apart from a wrong certificate without the registry's file", async () => {
    await site.edit(site.registryFile, "auth.token.issuer", "Acme auth server");
    await site.restart("registry");
    await expectMended(["fault:registry.issuer"], ["--registry", site.registryUrl]);
  });

  test("a file that was put right, and a registry that was not restarted", async () => {
    await site.edit(site.registryFile, "auth.token.issuer", "Dockwarden");
    await site.restart("registry");
    await site.edit(site.registryFile, "auth.token.issuer", "dockwarden");
    const found = await site.doctor(site.everything);
    expect(found.findings.map(({ mends }) => mends)).toEqual([
      [{ kind: "restart", what: "registry" }],
    ]);
    await expectMended(["fault:registry.issuer"]);
  });

  test("token signed by untrusted key: the certificate of another Dockwarden", async () => {
    await makeOtherCertificate();
    await site.edit(site.registryFile, "auth.token.rootcertbundle", site.path("copy.pem"));
    await site.restart("registry");
    const found = await site.doctor(site.everything);
    expect(found.ids).toEqual(["fault:registry-file.bundle", "fault:registry.token-refused"]);
    expect(found.findings[0]?.what).toContain("token signed by untrusted key");
    const [cp] = found.findings;
    await site.mend({ ...found, findings: cp === undefined ? [] : [cp] });
    await expectWell();
  });

  test("another certificate, without the registry's file", async () => {
    await makeOtherCertificate();
    await site.edit(site.registryFile, "auth.token.rootcertbundle", site.path("copy.pem"));
    await site.restart("registry");
    await expectMended(["fault:registry.token-refused"], ["--registry", site.registryUrl]);
  });

  test("a certificate file that is not there", async () => {
    await site.edit(site.registryFile, "auth.token.rootcertbundle", site.path("token.pem"));
    await site.stop("registry");
    await expectMended(["fault:registry-file.bundle"], ["--registry-config", site.registryFile]);
  });

  test("htpasswd left in place", async () => {
    const token = await site.sh(`cat ${site.registryFile}`);
    await site.edit(site.registryFile, "auth", {
      htpasswd: { realm: "Registry", path: site.path("htpasswd") },
    });
    await site.sh("touch htpasswd");
    await site.restart("registry");
    await expectMended(["fault:registry.basic"], ["--registry", site.registryUrl]);
    await writeFile(site.registryFile, token);
    await site.edit(site.registryFile, "auth.htpasswd", { realm: "Registry", path: "/x" });
    await expectMended(["fault:registry-file.two-schemes"]);
  });

  test("a registry that lets everybody in", async () => {
    await site.edit(site.registryFile, "auth", undefined);
    await site.restart("registry");
    await expectMended(["fault:registry.open"], ["--registry", site.registryUrl]);
    await site.edit(site.registryFile, "auth", undefined);
    await expectMended(["fault:registry-file.no-token"], ["--registry-config", site.registryFile]);
  });

  test("a registry that is configured by variables", async () => {
    const file = site.path("registry.env");
    await writeFile(
      file,
      [
        `REGISTRY_AUTH_TOKEN_REALM="http://localhost:${site.port}/v2/token"`,
        "export REGISTRY_AUTH_TOKEN_SERVICE=registry",
        `REGISTRY_AUTH_TOKEN_ROOTCERTBUNDLE=${site.path("trust/token-ca.pem")}`,
        "REGISTRY_AUTH=htpasswd",
        "",
      ].join("\n"),
    );
    const args = ["--registry-config", file];
    const found = await site.doctor(args);
    expect(found.ids).toEqual(["fault:registry-file.no-token"]);
    await site.mend(found);
    await expectWell(args);
    expect(await readFile(file, "utf8")).toContain("REGISTRY_AUTH_TOKEN_ISSUER=dockwarden");
  });

  test("a variable that counts over the registry's file", async () => {
    site.env["REGISTRY_AUTH_TOKEN_ISSUER"] = "somebody";
    await site.restart("registry");
    await expectMended(["fault:registry-file.issuer"]);
    Reflect.deleteProperty(site.env, "REGISTRY_AUTH_TOKEN_ISSUER");
    await site.restart("registry");
  });

  test("the forms of registry 3: jwks alone with x5c, algorithms without ours", async () => {
    const file = site.path("registry-3.yml");
    const token = {
      realm: `http://localhost:${site.port}/token`,
      service: "registry",
      issuer: "dockwarden",
      jwks: site.path("trust/jwks.json"),
      signingalgorithms: ["RS256"],
    };
    await writeFile(file, JSON.stringify({ version: "0.1", auth: { token } }));
    await expectMended(
      ["fault:registry-file.algorithms", "fault:registry-file.bundle"],
      ["--registry-config", file],
    );
  });

  test("a header that registry 2.8 doesn't know", async () => {
    await site.edit(site.configFile, "keys.header", "kid-rfc7638");
    await site.restart("server");
    await site.restart("registry");
    const found = await site.doctor(site.everything);
    expect(found.ids).toEqual(["fault:registry.header"]);
    await expectMended(["fault:registry.header"]);
  });

  test("a private key that others can read", async () => {
    await site.sh("chmod 644 keys/ring-*/*.key.pem");
    await expectMended(["fault:keys.insecure", "fault:keys.insecure"], []);
  });

  test("a store that others can read", async () => {
    await site.sh("chmod 644 data/dockwarden.db");
    await expectMended(["fault:store.insecure"], []);
  });

  describeAsRoot("run as root", () => {
    test("keys that belong to another user than the store", async () => {
      await site.sh("chown -R 65534 keys");
      await expectMended(["fault:store.owner"], []);
    });
  });

  test("a trust folder that is out of step with the keys", async () => {
    await site.stop("server");
    await site.sh("rm trust/jwks.json && echo old > trust/token-ca.pem");
    await site.restart("server");
    await site.sh("rm trust/jwks.json && echo old > trust/token-ca.pem");
    const found = await site.doctor([]);
    expect(found.ids).toEqual(["fault:trust.stale", "fault:trust.stale"]);
    await site.mend(found);
    await expectWell();
  });

  test("values that are not allowed and keys that do not exist", async () => {
    await site.edit(site.configFile, "token.ttlSeconds", 5);
    await site.edit(site.configFile, "token.issuers", "me");
    site.env["DOCKWARDEN_LOG__LEVEL"] = "loud";
    await expectMended(["fault:config.fault", "fault:config.fault", "fault:config.fault"], []);
  });

  test("a server that isn't there", async () => {
    await site.stop("server");
    await expectMended(["fault:server.down"], []);
  });

  test("a running server that works with other keys than those on disk", async () => {
    await site.sh("mv keys keys.old && dockwarden init --config config.yml");
    const found = await site.doctor(site.everything);
    expect(found.ids).toEqual(["fault:registry.token-refused", "fault:server.outdated"]);
    await site.mend(found);
    await expectWell();
  });

  test("keys that are lost while the store is there", async () => {
    await site.stop("server");
    await site.sh("mv keys keys.lost");
    const found = await site.doctor(["--before-start"]);
    await site.sh("mv keys.lost keys");
    expect(found.ids).toEqual(["fault:keys.missing"]);
    expect(found.findings[0]?.mends.map(({ kind }) => kind)).toEqual(["do", "run", "restart"]);
    await expectWell(["--before-start"]);
  });

  test("a port that another program has", async () => {
    await site.stop("server");
    const holder = createServer((socket) => socket.destroy()).listen(site.port, "127.0.0.1");
    try {
      await expectMended(["fault:port.taken"], ["--before-start"]);
      // Nothing leads to the other program any more: server.publicUrl and the registry's realm have moved, too.
      await site.restart("server");
      await expectWell();
    } finally {
      await new Promise((resolve) => holder.close(resolve));
    }
    expect((await site.doctor(["--before-start"])).ids).toEqual(["fault:port.running"]);
  });

  test("a port that another program has, behind a proxy", async () => {
    await site.stop("server");
    await site.edit(site.configFile, "server.publicUrl", "https://registry.example.com");
    const holder = createServer((socket) => socket.destroy()).listen(site.port, "127.0.0.1");
    try {
      const { findings } = await site.doctor(["--before-start"]);
      expect(findings.map(({ mends }) => mends.map(({ kind }) => kind))).toEqual([["edit", "do"]]);
      expect(JSON.stringify(findings)).toContain(
        "let the proxy that answers on https://registry.example.com pass on to port",
      );
    } finally {
      await new Promise((resolve) => holder.close(resolve));
    }
  });

  test("a TLS certificate for another name, and with another key", async () => {
    await site.stop("server");
    const make = (name: string, days: number) =>
      `openssl req -x509 -newkey rsa:2048 -nodes -days ${days} -subj /CN=x -addext subjectAltName=DNS:${name} -keyout ${name}.key -out ${name}.pem 2>/dev/null`;
    await site.sh(`${make("localhost", 5)} && ${make("example.com", 90)}`);
    await site.edit(site.configFile, "server.publicUrl", `https://localhost:${site.port}`);
    const use = async (cert: string, key: string): Promise<readonly string[]> => {
      const tls = { mode: "files", cert: site.path(cert), key: site.path(key) };
      await site.edit(site.configFile, "server.tls", tls);
      return (await site.doctor(["--before-start"])).ids;
    };
    expect(await use("example.com.pem", "example.com.key")).toEqual(["fault:tls.name"]);
    expect(await use("localhost.pem", "example.com.key")).toEqual(["fault:tls.unusable"]);
    expect(await use("localhost.pem", "localhost.key")).toEqual(["warning:tls.ending"]);
    // The workspace is closed to others: what is open in there can't be read by them either.
    await site.sh("chmod 644 localhost.key");
    expect(await use("localhost.pem", "localhost.key")).toEqual(["warning:tls.ending"]);
    await site.sh("chmod 711 .");
    expect(await use("localhost.pem", "localhost.key")).toEqual([
      "warning:tls.ending",
      "warning:tls.insecure",
    ]);
    const { findings } = await site.doctor(["--before-start"]);
    await site.mend({
      code: 0,
      ids: [],
      findings: findings.filter(({ id }) => id === "tls.insecure"),
    });
    expect(await use("localhost.pem", "localhost.key")).toEqual(["warning:tls.ending"]);
    await site.sh("chmod 700 .");
    site.env["NODE_TLS_REJECT_UNAUTHORIZED"] = "0";
    expect((await site.doctor(["--before-start"])).ids).toContain("fault:runtime.unsafe");
  });

  test("a clock that differs from the registry's", async () => {
    const found = await site.doctor(site.everything, ["faketime", "-f", "-120s"]);
    expect(found.ids).toEqual(["fault:clock.registry"]);
    expect(found.findings[0]?.what).toMatch(/registry's clock is 1[12]\d seconds ahead/);
    await expectWell();
  });

  test("a clock that is behind what store and keys have seen", async () => {
    const found = await site.doctor(["--registry", site.registryUrl], ["faketime", "-f", "-10d"]);
    expect(found.ids).toContain("fault:clock.behind");
  });

  test("a store that is damaged, and one that is missing", async () => {
    await site.stop("server");
    await site.sh("cp data/dockwarden.db good.db && printf 'not a store' > data/dockwarden.db");
    expect((await site.doctor(["--before-start"])).ids).toEqual(["fault:store.unusable"]);
    await site.sh("rm data/dockwarden.db*");
    await expectMended(["fault:store.missing"], ["--before-start"]);
    await site.sh("cp good.db data/dockwarden.db");
    await site.restart("server");
  });

  test("an address that isn't a registry, or doesn't answer", async () => {
    const ours = await site.doctor(["--registry", `http://localhost:${site.port}`]);
    expect(ours.ids).toEqual(["fault:registry.foreign"]);
    const tls = await site.doctor(["--registry", site.registryUrl.replace("http:", "https:")]);
    expect(tls.ids).toEqual(["fault:registry.tls"]);
    await site.stop("registry");
    expect((await site.doctor(["--registry", site.registryUrl])).ids).toEqual([
      "fault:registry.unreachable",
    ]);
  });
});
