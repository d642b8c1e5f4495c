// The whole site as the stack is, nginx and gate and registry: a tag for one account is denied to another, in words that
// reach the person, and an upload of any size goes through.
import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { writeOciLayout } from "../../src/demo/tiny-image.js";
import { openSkopeo, type Skopeo } from "../support/clients.js";
import { openGateSite, type GateSite } from "../support/gate-door.js";
import { expectDone, expectFailed } from "../support/outcome.js";
import { describeWith } from "../support/programs.js";
import { addUser, ADMIN_NAME, passwordOf } from "../support/spawn-server.js";

describeWith(["nginx", "docker-registry", "skopeo"], "the stack's gate", () => {
  let site: GateSite;
  let admin: Skopeo;
  let reader: Skopeo;

  async function signedIn(name: string): Promise<Skopeo> {
    const person = await openSkopeo(site.workspace, name);
    expectDone(await person.login(site.door.host, name, passwordOf(name)));
    return person;
  }

  beforeAll(async () => {
    site = await openGateSite();
    await addUser(site.server, "reader", "view,pull");
    await site.server.mustCli(["image", "register", "telechat:7b-fp16", "--users", "reader"]);
    await site.server.mustCli(["image", "register", "telechat:12b-fp16", "--users", "admin"]);
    admin = await signedIn(ADMIN_NAME);
    reader = await signedIn("reader");
    for (const tag of ["7b-fp16", "12b-fp16"]) {
      expectDone(await admin.push(site.image(`telechat:${tag}`), tag));
    }
  }, 60_000);

  afterAll(() => site.close());

  test("an allowed tag is pulled, another one of the same repository is denied by name", async () => {
    expectDone(await reader.pull(site.image("telechat:7b-fp16")));
    const denied = await reader.pull(site.image("telechat:12b-fp16"));
    expectFailed(denied, "denied: ");
    expect(denied.text).toContain("reader");
    expect(denied.text).not.toMatch(/<html|invalid character/);
  });

  test("nobody may push who may not, and says so", async () => {
    expectFailed(await reader.push(site.image("telechat:new"), "new"), "denied");
  });

  test("a layer of many megabytes streams through gate and door", async () => {
    const layout = await site.workspace.subfolder("large");
    writeOciLayout(layout, randomBytes(48_000_000));
    const target = `docker://${site.image("telechat:large")}`;
    const copy = ["copy", "--dest-tls-verify=false", `oci:${layout}:latest`, target];
    expectDone(await admin.skopeo(copy));
    expectDone(await admin.pull(site.image("telechat:large")));
  }, 60_000);

  test("the doctor finds nothing wrong with the gate, and a way past it where there is one", async () => {
    const args = ["doctor", "--json", "--registry", site.door.url];
    const ids = async (more: readonly string[]): Promise<readonly string[]> => {
      const outcome = await site.server.cli([...args, ...more]);
      const { findings } = outcome.json() as { readonly findings: readonly { id: string }[] };
      return findings.map(({ id }) => id).filter((id) => id.startsWith("gate."));
    };
    expect(await ids([])).toEqual([]);
    expect(await ids(["--past", site.registry.host])).toEqual(["gate.bypass"]);
  });
});
