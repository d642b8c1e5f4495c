// `dockwarden doctor` after something was changed: settings that the server hasn't read, and what was put where it doesn't belong.
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { openDoctorSite, type DoctorSite } from "../support/doctor-site.js";
import { findFreePort } from "../support/free-port.js";
import { describeWith } from "../support/programs.js";

describeWith(["docker-registry"], "dockwarden doctor after a change", () => {
  let site: DoctorSite;

  beforeAll(async () => {
    site = await openDoctorSite();
  }, 60_000);

  beforeEach(() => site.reset());

  afterAll(() => site.close());

  test.each([
    ["an issuer", "token.issuer", "elsewhere", /issuer "dockwarden"; token.issuer is "elsewhere"/],
    ["a service", "token.services", ["other"], /doesn't know the service "other"/],
  ])("%s that the running server doesn't know yet", async (_name, key, value, what) => {
    await site.edit(site.configFile, key, value);
    const found = await site.doctor();
    expect({ ids: found.ids, code: found.code }).toEqual({
      ids: ["fault:server.outdated"],
      code: 1,
    });
    expect(found.findings[0]?.what).toMatch(what);
    await site.mend(found);
    expect((await site.doctor()).findings).toEqual([]);
  });

  test("a log level that the running server doesn't know yet", async () => {
    await site.edit(site.configFile, "log.level", "warn");
    const found = await site.doctor();
    expect(found.ids).toEqual(["fault:server.outdated"]);
    await site.mend(found);
    expect((await site.doctor()).findings).toEqual([]);
  });

  test("another store than the one that the running server has open", async () => {
    await site.edit(site.configFile, "storage.path", "other/dockwarden.db");
    await site.sh(`dockwarden init --config ${site.configFile}`);
    const found = await site.doctor();
    expect(found.ids).toEqual(["fault:server.outdated"]);
    expect(found.findings[0]?.what).toContain("works with another store than");
    await site.mend(found);
    expect((await site.doctor()).findings).toEqual([]);
  });

  test("another port than the one that the running server listens on", async () => {
    const port = await findFreePort();
    await site.edit(site.configFile, "server.port", port);
    await site.edit(site.configFile, "server.publicUrl", `http://localhost:${port}`);
    const found = await site.doctor();
    // A second server on the same store would hide that clients still ask the first.
    expect(found.ids).toEqual(["fault:server.outdated"]);
    expect(found.findings[0]?.mends).toEqual([{ kind: "restart", what: "server" }]);
    const before = await site.doctor(["--before-start"]);
    expect(before.ids).toEqual(["fault:port.running"]);
    expect(before.findings[0]?.what).toContain("on another address than");
    await site.mend(found);
    expect((await site.doctor()).findings).toEqual([]);
  });

  test("keys that are lost while the server runs: its port is its own", async () => {
    await site.sh("mv keys keys.lost");
    const found = await site.doctor(["--before-start"]);
    await site.sh("mv keys.lost keys");
    expect(found.ids).toEqual(["fault:keys.missing", "fault:port.running"]);
  });

  test("a port for health alone, which the running server has already", async () => {
    await site.edit(site.configFile, "server.internalPort", await findFreePort());
    await site.restart("server");
    const found = await site.doctor(["--before-start"]);
    expect([...new Set(found.ids)]).toEqual(["fault:port.running"]);
  });

  test("a private key and a copy of a bundle where registries look", async () => {
    await site.sh("cp keys/ring-*/*.key.pem trust/ && chmod 644 trust/*.key.pem");
    const found = await site.doctor();
    expect([...new Set(found.ids)]).toEqual(["fault:trust.private"]);
    await site.sh("rm trust/*.key.pem && echo old > trust/token-ca.pem");
    const stale = await site.doctor(["--registry-config", site.registryFile]);
    expect(JSON.stringify(stale.findings)).not.toContain('"cp ');
    await site.mend(stale);
    expect((await site.doctor(site.everything)).findings).toEqual([]);
  });

  test("autoredirect is mended by a boolean, which a registry takes", async () => {
    await site.edit(site.registryFile, "auth.token.autoredirect", true);
    const found = await site.doctor(["--registry-config", site.registryFile]);
    expect(found.ids).toEqual(["warning:registry-file.autoredirect"]);
    expect(found.findings[0]?.mends[0]).toMatchObject({ value: false });
    await site.mend(found);
    expect((await site.doctor(site.everything)).findings).toEqual([]);
  });

  describeWith(["unshare"], "on a disk that takes nothing", () => {
    const room = "mkdir full && mount -t tmpfs -o size=2m,mode=700 none full";
    const fill = "cp data/dockwarden.db full/ && (cat /dev/zero > full/rest 2>/dev/null || true)";

    test.each([
      [
        "a read-only one",
        "mount --bind data data && mount -o remount,ro,bind data",
        "data",
        "lies on a read-only file system; mount it writable",
      ],
      ["a full one", `${room} && ${fill}`, "full", "lies on a full disk; free space there"],
    ])(
      "doctor and commands say so, without SQLite's words: %s",
      async (_name, mount, folder, what) => {
        await site.stop("server");
        await site.edit(site.configFile, "storage.path", `${folder}/dockwarden.db`);
        for (const words of ["doctor --before-start --json", "user list", "serve"]) {
          const command = `dockwarden ${words} --config ${site.configFile} 2>&1`;
          const told = await site.sh(
            `unshare -m sh -c '${mount} && ${command}; rm -rf full/*' || true`,
          );
          await site.sh("rm -rf full");
          expect(told).toContain(what.replace(words.startsWith("doctor") ? /;.*/ : /$/, ""));
          expect(told).not.toContain("SQLITE");
        }
      },
    );
  });
});
