// `dockwarden doctor` with tags told apart: whether the door asks the gate, and whether there is a way past it.
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { openDoctorSite, type DoctorSite } from "../support/doctor-site.js";
import { startDoor, type Door } from "../support/door.js";
import { findFreePort } from "../support/free-port.js";
import { describeWith } from "../support/programs.js";
import { startStandIn, type StandIn } from "../support/stand-in.js";

describeWith(["docker-registry", "nginx"], "dockwarden doctor and the gate", () => {
  let site: DoctorSite;
  let gate: StandIn;
  let door: Door;
  let registry: string;

  beforeAll(async () => {
    site = await openDoctorSite();
    gate = await startStandIn(site.workspace);
    registry = new URL(site.registryUrl).host.replace("localhost", "127.0.0.1");
    const port = await findFreePort();
    door = await startDoor(site.workspace, { port, registry, dockwarden: gate.address });
  }, 60_000);

  beforeEach(async () => {
    await site.reset();
    await site.edit(site.configFile, "policy.tagEnforcement", "gate");
    await site.restart("server");
    answerLikeTheGate();
  });

  afterAll(() => site.close());

  /** No token passes; with one of ours, everything but the greeting is refused. */
  function answerLikeTheGate(): void {
    gate.answer(({ headers }) =>
      headers.authorization === undefined || headers["x-original-uri"] === "/v2/"
        ? { status: 204 }
        : { status: 403, headers: { "X-Deny-Reason": "denied: nobody may" } },
    );
  }

  /** Of the gate alone: the door's realm is another one than this site's server.publicUrl. */
  async function look(...more: readonly string[]): Promise<readonly string[]> {
    const { ids } = await site.doctor(["--registry", door.url, ...more]);
    return ids.filter((id) => id.includes("gate."));
  }

  test("finds nothing where the door asks, and asks for what nobody has", async () => {
    gate.take();
    expect(await look()).toEqual([]);
    const asked = gate.take().map(({ headers }) => String(headers["x-original-uri"]));
    expect(asked.at(-1)).toMatch(/^\/v2\/dockwarden-doctor-[0-9a-f]{16}\/manifests\/denied$/);
  });

  test("a rule that lets everybody read everything is told from a door that doesn't ask", async () => {
    const isOver = (authorization = ""): boolean => {
      const [, payload = ""] = authorization.split(".");
      const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as { exp: number };
      return claims.exp * 1000 < Date.now();
    };
    gate.answer(({ headers: { authorization } }) => ({
      status: authorization !== undefined && isOver(authorization) ? 401 : 204,
      headers: { "WWW-Authenticate": 'Bearer realm="x",error="invalid_token"' },
    }));
    expect(await look()).toEqual([]);
  });

  test("a door that doesn't ask the gate, with the lines to add", async () => {
    // Whatever it is asked, it passes: as good as not asked.
    gate.answer(() => ({ status: 204 }));
    expect(await look()).toEqual(["fault:gate.not-asked"]);
    const { findings } = await site.doctor(["--registry", site.registryUrl]);
    const [found] = findings.filter(({ id }) => id === "gate.not-asked");
    expect(JSON.stringify(found?.mends)).toContain("auth_request /_gate;");
    await site.edit(site.configFile, "gate.headers", "forwarded");
    const forwarded = await site.doctor(["--registry", site.registryUrl]);
    expect(JSON.stringify(forwarded.findings)).toContain("forward_auth HOST:");
  });

  test("a door that asks and gets no answer", async () => {
    gate.answer(({ headers }) => ({ status: headers.authorization === undefined ? 204 : 500 }));
    expect(await look()).toEqual(["fault:gate.unwell"]);
  });

  test("a way past the gate that the operator names", async () => {
    expect(await look("--past", registry)).toEqual(["fault:gate.bypass"]);
    expect(await look("--past", `http://${registry}`)).toEqual(["fault:gate.bypass"]);
    expect(await look("--past", door.host)).toEqual([]);
    expect(await look("--past", `127.0.0.1:${await findFreePort()}`)).toEqual([]);
  });

  test("a way past the gate that the registry's file opens, mended by its lines", async () => {
    const both = ["--registry-config", site.registryFile];
    expect(await look(...both)).toEqual([]);
    const port = registry.split(":")[1] ?? "";
    await site.edit(site.registryFile, "http.addr", `:${port}`);
    await site.restart("registry");
    const found = await site.doctor(["--registry", door.url, ...both]);
    const bypass = found.findings.filter(({ id }) => id === "gate.bypass");
    expect(bypass).toHaveLength(1);
    await site.mend({ ...found, findings: bypass });
    expect(await look(...both)).toEqual([]);
  });

  test("asks nothing of the kind where tags are not told apart, or before the start", async () => {
    gate.answer(() => ({ status: 204 }));
    expect(await look("--before-start")).toEqual([]);
    await site.edit(site.configFile, "policy.tagEnforcement", "off");
    await site.restart("server");
    expect(await look("--past", registry)).toEqual([]);
  });

  test("refuses a --past that is no address", async () => {
    for (const address of ["'not a host'", "http://a:b@192.0.2.7", "ftp://192.0.2.7", "x:99999"]) {
      const words = `dockwarden doctor --config ${site.configFile} --past ${address}`;
      expect(await site.sh(`${words} 2>&1 || true`)).toContain("--past takes HOST:PORT");
    }
  });
});
