// Writing through the gate with real clients: immutable tags, deletes, signatures, mounts, and a narrowed personal token.
import { afterAll, beforeAll, expect, test } from "@jest/globals";
import { openSkopeo, type Skopeo } from "../support/clients.js";
import { startDockerEngine, type DockerEngine } from "../support/docker-engine.js";
import { openGateSite, type GateSite } from "../support/gate-door.js";
import { expectDone, expectFailed } from "../support/outcome.js";
import type { Outcome } from "../support/process.js";
import { describeWith } from "../support/programs.js";
import { addUser, ADMIN_NAME, passwordOf } from "../support/spawn-server.js";

const PROGRAMS = ["docker-registry", "nginx", "skopeo", "docker", "dockerd"] as const;

describeWith(PROGRAMS, "writing through the gate", () => {
  let site: GateSite;
  let engine: DockerEngine;
  let admin: Skopeo;
  let developer: Skopeo;
  let reader: Skopeo;

  const cli = (...args: string[]) => site.server.mustCli(args);

  async function sign(name: string, password = passwordOf(name), person = name): Promise<Skopeo> {
    const skopeo = await openSkopeo(site.workspace, person);
    expectDone(await skopeo.login(site.door.host, name, password));
    return skopeo;
  }

  async function docker(name: string, ...args: readonly string[]): Promise<Outcome> {
    const person = await engine.person(name);
    return person.docker(args);
  }

  function remove(who: Skopeo, image: string): Promise<Outcome> {
    return who.skopeo(["delete", "--tls-verify=false", `docker://${site.image(image)}`]);
  }

  async function digestOf(image: string): Promise<string> {
    const format = ["--format", "{{.Digest}}"];
    const source = `docker://${site.image(image)}`;
    return expectDone(
      await admin.skopeo(["inspect", "--tls-verify=false", ...format, source]),
    ).trim();
  }

  beforeAll(async () => {
    site = await openGateSite();
    await addUser(site.server, "developer", "view,pull,push,delete");
    await addUser(site.server, "reader", "view,pull");
    engine = await startDockerEngine(site.workspace, site.door.host);
    for (const name of ["developer", ADMIN_NAME]) {
      const person = await engine.person(name);
      expectDone(await person.login(site.door.host, name, passwordOf(name)));
    }
    admin = await sign(ADMIN_NAME);
    developer = await sign("developer");
    reader = await sign("reader");
  }, 120_000);

  afterAll(() => site.close());

  test("an immutable tag is pushed once, by whomever, and the second push is told to take another", async () => {
    await cli("image", "register", "rel:v*", "--internal", "--immutable");
    expectDone(await developer.push(site.image("rel:v1"), "first"));
    const refusal = "denied: rel:v1 exists and is immutable; push another tag; ref ";
    for (const who of [developer, admin]) {
      expectFailed(await who.push(site.image("rel:v1"), "first"), refusal);
      expectFailed(await who.push(site.image("rel:v1"), "second"), refusal);
    }
    expectDone(await reader.pull(site.image("rel:v1")));

    const image = site.image("rel:v2");
    await engine.importImage(image, "by docker");
    expectDone(await docker("developer", "push", image));
    const words = "denied: rel:v2 exists and is immutable; push another tag; ref ";
    for (const name of ["developer", ADMIN_NAME])
      expectFailed(await docker(name, "push", image), words);
    await engine.importImage(image, "by docker, anew");
    for (const name of ["developer", ADMIN_NAME])
      expectFailed(await docker(name, "push", image), words);
    expectDone(await docker("developer", "pull", image));
    await cli("image", "register", "rel:latest", "--users", "developer");
    for (const content of ["second", "third"]) {
      expectDone(await developer.push(site.image("rel:latest"), content));
    }
  });

  test("what is immutable no longer is overwritten at once", async () => {
    await cli("image", "register", "open:v1", "--internal", "--immutable");
    const image = site.image("open:v1");
    expectDone(await developer.push(image, "first"));
    expectFailed(await developer.push(image, "second"), "open:v1 exists and is immutable");
    await cli("image", "update", "open:v1", "--no-immutable");
    expectDone(await developer.push(image, "second"));
    expectDone(await remove(developer, "open:v1"));
  });

  test("a tag is deleted with its digest by who may delete every tag of it", async () => {
    await cli("image", "register", "shelf:mine", "--users", "developer");
    await cli("image", "register", "shelf:theirs", "--users", ADMIN_NAME);
    for (const tag of ["mine", "theirs"])
      expectDone(await admin.push(site.image(`shelf:${tag}`), "both"));
    const digest = await digestOf("shelf:mine");
    const refusal = "shelf:theirs would go with this digest, and developer may not delete it; ref ";
    expectFailed(await remove(developer, "shelf:mine"), refusal);
    expectFailed(await remove(developer, `shelf@${digest}`), refusal);
    expect(await digestOf("shelf:theirs")).toBe(digest);

    expectDone(await developer.push(site.image("shelf:mine"), "mine alone"));
    const own = await digestOf("shelf:mine");
    expectFailed(await remove(reader, "shelf:mine"), "reader may not pull shelf; ref ");
    expectDone(await remove(developer, "shelf:mine"));
    expectFailed(await admin.pull(site.image("shelf:mine")), "manifest unknown");
    expectDone(await developer.push(site.image("shelf:mine"), "mine alone"));
    expectDone(await remove(developer, `shelf@${own}`));
    expectDone(await admin.pull(site.image("shelf:theirs")));
  });

  test("an immutable tag is not deleted, not by admins and not by the digest of another tag", async () => {
    await cli("image", "register", "kept:v*", "--internal", "--immutable");
    await cli("image", "register", "kept:tmp", "--internal");
    for (const tag of ["v1", "tmp"])
      expectDone(await developer.push(site.image(`kept:${tag}`), "kept"));
    const digest = await digestOf("kept:v1");
    for (const who of [developer, admin]) {
      for (const image of ["kept:v1", "kept:tmp", `kept@${digest}`]) {
        expectFailed(await remove(who, image), "kept:v1 is immutable and can't be deleted; ref ");
      }
    }
    expectDone(await reader.pull(site.image("kept:v1")));
    expectDone(await developer.push(site.image("kept:tmp"), "goes"));
    expectDone(await remove(developer, "kept:tmp"));
  });

  test("a signature follows the image that it signs", async () => {
    await cli("image", "register", "signed:dev-*", "--users", "developer", "--immutable");
    await cli("image", "register", "signed:prod", "--users", ADMIN_NAME);
    await cli("access", "grant", "signed:prod", "reader", "--actions", "pull");
    expectDone(await developer.push(site.image("signed:dev-1"), "dev"));
    expectDone(await admin.push(site.image("signed:prod"), "prod"));
    const [dev, prod] = [await digestOf("signed:dev-1"), await digestOf("signed:prod")];
    const signatureOf = (digest: string) => site.image(`signed:${digest.replace(":", "-")}.sig`);

    expectDone(await developer.push(signatureOf(dev), "signature"));
    // A second signature joins the first, of an immutable image, too.
    expectDone(await developer.push(signatureOf(dev), "signatures"));
    expectDone(await developer.pull(signatureOf(dev)));
    expectFailed(
      await reader.pull(signatureOf(dev)),
      "denied: reader may pull none of the tags of signed that lead to this digest; ref ",
    );
    expectFailed(
      await developer.push(signatureOf(prod), "forged"),
      "denied: developer may push none of the tags of signed that lead to this digest; ref ",
    );
    expectDone(await admin.push(signatureOf(prod), "signature of prod"));
    expectDone(await reader.pull(signatureOf(prod)));
    expectFailed(
      await developer.pull(signatureOf(prod)),
      "developer may pull none of the tags of signed",
    );
  });

  test("docker mounts a layer from where its person may pull, and uploads it from elsewhere", async () => {
    await cli("image", "register", "from/open", "--internal");
    await cli("image", "register", "from/shut", "--users", ADMIN_NAME);
    await cli("image", "register", "to/mine", "--users", "developer");
    for (const name of ["open", "shut"]) {
      const source = site.image(`from/${name}:1`);
      await engine.importImage(source, `layer of ${name}`);
      expectDone(await docker(ADMIN_NAME, "push", source));
      expectDone(await docker(ADMIN_NAME, "tag", source, site.image(`to/mine:${name}`)));
    }
    const mounted = expectDone(await docker("developer", "push", site.image("to/mine:open")));
    expect(mounted).toContain("Mounted from from/open");
    const uploaded = expectDone(await docker("developer", "push", site.image("to/mine:shut")));
    expect(uploaded).toContain("Pushed");
    expect(uploaded).not.toContain("Mounted from");
    for (const tag of ["open", "shut"])
      expectDone(await developer.pull(site.image(`to/mine:${tag}`)));
  });

  test("skopeo does the same", async () => {
    await cli("image", "register", "sk/open", "--internal");
    await cli("image", "register", "sk/shut", "--users", ADMIN_NAME);
    await cli("image", "register", "sk/mine", "--users", "developer");
    for (const name of ["open", "shut"]) {
      expectDone(await admin.push(site.image(`sk/${name}:1`), `skopeo ${name}`));
      // skopeo remembers, for everybody on this machine, where it put the layer.
      expectDone(await developer.push(site.image(`sk/mine:${name}`), `skopeo ${name}`));
      expectDone(await developer.pull(site.image(`sk/mine:${name}`)));
    }
    const asked = site.door.log();
    const mounted = asked.match(/"POST \/v2\/sk\/mine\/blobs\/uploads\/" 201 /g);
    expect(mounted).toHaveLength(1);
    expect(asked).toMatch(/"HEAD \/v2\/sk\/open\/blobs\/\S+" 200 /);
    expect(asked).toMatch(/"HEAD \/v2\/sk\/shut\/blobs\/\S+" 403 /);
  });

  test("a personal token that is narrowed to a tag holds at the gate", async () => {
    await cli("image", "register", "telechat:*", "--users", "developer");
    for (const tag of ["7b-fp16", "12b-fp16"]) {
      expectDone(await developer.push(site.image(`telechat:${tag}`), `weights of ${tag}`));
    }
    const made = await cli(
      ...["token", "create", "developer", "--image", "telechat:7b-fp16"],
      ...["--actions", "pull", "--json"],
    );
    const { token } = made.json() as { readonly token: string };
    const narrow = await sign("developer", token, "developer-narrow");
    const digest = await digestOf("telechat:12b-fp16");
    expectDone(await narrow.pull(site.image("telechat:7b-fp16")));
    expectFailed(
      await narrow.pull(site.image("telechat:12b-fp16")),
      "denied: developer may not pull telechat:12b-fp16; ref ",
    );
    expectFailed(
      await narrow.pull(site.image(`telechat@${digest}`)),
      "denied: developer may pull none of the tags of telechat that lead to this digest; ref ",
    );
    expectFailed(
      await narrow.push(site.image("telechat:7b-fp16"), "evil"),
      "denied: developer may pull telechat but not push; ref ",
    );
    expectFailed(await remove(narrow, "telechat:7b-fp16"), "but not delete; ref ");
    expectDone(await developer.pull(site.image("telechat:12b-fp16")));
  });
});
