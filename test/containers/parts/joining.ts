// docs/joining.md, typed by somebody who has a registry with htpasswd: Dockwarden beside it, accounts, both switches, and back.
import { cp, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "@jest/globals";
import { readDocument, type ShellLine } from "../../support/documents.js";
import { expectDone } from "../../support/outcome.js";
import { waitUntil } from "../../support/poll.js";
import { linesOf } from "../newcomer.js";
import type { ContainerSite } from "../site.js";
import { expectAsPromised, openTypist, type Typist } from "../typist.js";

/** The registry that was there before, as a company runs it. */
const OWN_COMPOSE = `services:
  registry:
    image: registry:2.8.3
    container_name: registry
    ports: ["127.0.0.1:5003:5000"]
    volumes: ["images:/var/lib/registry"]
volumes:
  images:
`;
const OWN_CONFIG = `version: 0.1
storage: { filesystem: { rootdirectory: /var/lib/registry } }
http: { addr: ":5000" }
auth: { htpasswd: { realm: Company, path: /htpasswd } }
`;
const OWN_IMAGE = `FROM registry:3
COPY config.yml /etc/distribution/config.yml
COPY htpasswd /htpasswd
`;
/** As `htpasswd -B` makes it. */
const OWN_PASSWORDS = "Oldtimer:$2y$05$LO.vzwpWC5LZGqThvEfznu8qhb5SGqvBSWY1J3yZ4AxtMRZ3kN5jC\n";
const BEARER = 'Bearer realm="https://registry.example.com/token",service="registry"';
const BASIC = 'Basic realm="Company"';

const AS_BEFORE: ShellLine = {
  place: "between the two ways",
  text: 'dockwarden image unregister "**" --yes',
  comment: "",
};

export function testJoining(useSite: () => ContainerSite): void {
  describe("joining a registry that exists, as the guide says", () => {
    let person: Typist;
    let ownFolder = "";

    async function typeAll(lines: readonly ShellLine[], by = person): Promise<void> {
      expect(lines.length).toBeGreaterThan(0);
      for (const line of lines) expectAsPromised(line, await by.type(line));
    }

    async function waitForChallenge(port: number, challenge: string): Promise<void> {
      const { server } = useSite().machines;
      const args = ["-sS", "--include", `http://127.0.0.1:${port}/v2/`];
      await waitUntil(`a registry on ${port} with ${challenge}`, async () =>
        (await server.run("curl", args)).stdout.includes(`\nWww-Authenticate: ${challenge}`),
      );
    }

    beforeAll(async () => {
      const { workspace, machines, engine, stack } = useSite();
      ownFolder = await workspace.subfolder("own-registry");
      await writeFile(join(ownFolder, "docker-compose.yml"), OWN_COMPOSE);
      await writeFile(join(ownFolder, "config.yml"), OWN_CONFIG);
      await writeFile(join(ownFolder, "htpasswd"), "");
      await writeFile(join(ownFolder, "Dockerfile"), OWN_IMAGE);
      await engine.mustDocker(["build", "--quiet", "--tag=registry:2.8.3", ownFolder]);
      const short = /`dockwarden` stands for `([^`]+)`/.exec(readDocument("docs/joining.md"))?.[1];
      const home = await workspace.subfolder("joiner-home");
      const common = { machine: machines.server, socket: engine.socket, home };
      await writeFile(join(stack.folder, "htpasswd"), OWN_PASSWORDS);
      await writeFile(join(stack.folder, "ci-password"), "a-password-from-before-71\n");
      person = await openTypist(workspace, {
        ...common,
        folder: stack.folder,
        aliases: { dockwarden: short ?? "false" },
      });
      const owner = await openTypist(workspace, { ...common, folder: ownFolder });
      const up = { place: "before", text: "docker compose up --detach", comment: "" };
      await typeAll([up], owner);
      await waitForChallenge(5003, BASIC);
    }, 180_000);

    test("Dockwarden comes beside it, and accounts are made before the switch", async () => {
      const [first, ...rest] = [
        ...linesOf("docs/joining.md", "1. Dockwarden beside it"),
        ...linesOf("docs/joining.md", "3. Accounts, before anything is switched"),
      ];
      await typeAll(first === undefined ? [] : [first]);
      const byHand = rest.findIndex(({ text }) => text.startsWith("dockwarden user add developer"));
      expect(byHand).toBeGreaterThan(0);
      for (const [at, line] of rest.entries()) {
        // The import and the lines by hand are two ways to the same.
        if (at === byHand) await typeAll([AS_BEFORE]);
        await typeAll([line]);
        if (line.text.includes(" up ")) await waitForServer();
      }
    }, 180_000);

    async function waitForServer(): Promise<void> {
      const { server } = useSite().machines;
      const args = ["-sS", "--fail", "http://127.0.0.1:5001/health/ready"];
      await waitUntil("Dockwarden beside it", async () => {
        return (await server.run("curl", args)).code === 0;
      });
    }

    test("4a: the second compose file switches to tokens, and without it the registry is what it was", async () => {
      const { workspace, machines, engine } = useSite();
      await cp(
        join(useSite().stack.folder, "examples/compose.join-registry.yml"),
        join(ownFolder, "compose.join-registry.yml"),
      );
      const home = await workspace.subfolder("joiner-home");
      const desk = { machine: machines.server, socket: engine.socket, home, folder: ownFolder };
      const owner = await openTypist(workspace, desk);
      const lines = linesOf("docs/joining.md", "4a. The switch, with a few seconds' pause");
      await typeAll(lines, owner);
      await waitForChallenge(5003, BEARER);
      const [switching] = lines;
      const text = switching?.text.replace(
        " -f docker-compose.yml -f compose.join-registry.yml",
        "",
      );
      await typeAll([{ place: "back", text: text ?? "false", comment: "" }], owner);
      await waitForChallenge(5003, BASIC);
    }, 180_000);

    test("4b: a second registry on the same storage takes Dockwarden's tokens, beside the first", async () => {
      const { server } = useSite().machines;
      await typeAll(linesOf("docs/joining.md", "4b. The switch without downtime"));
      await waitForChallenge(5002, BEARER);
      await waitForChallenge(5003, BASIC);
      const password = person.passwords.get("developer") ?? "";
      const scope = "service=registry&scope=repository:team/app:pull,push";
      const account = ["-u", `developer:${password}`];
      const url = `http://127.0.0.1:5001/token?${scope}`;
      const answer = await server.run("curl", ["-sS", "--fail", ...account, url]);
      const { token } = JSON.parse(expectDone(answer)) as { token: string };
      const target = "http://127.0.0.1:5002/v2/team/app/blobs/uploads/";
      const headers = ["-H", `Authorization: Bearer ${token}`];
      const begun = await server.run("curl", [
        "-sS",
        "--include",
        "-X",
        "POST",
        ...headers,
        target,
      ]);
      expect(begun.stdout).toContain(" 202 Accepted");
    }, 180_000);

    test("the certificate can be copied out for a registry elsewhere", async () => {
      const guide = readDocument("docs/joining.md");
      const span = /`(docker compose [^`]* dw key export-bundle >token-ca\.pem)`/.exec(guide)?.[1];
      await typeAll([{ place: "docs/joining.md", text: span ?? "false", comment: "" }]);
      const shown = await person.type({ place: "", text: "cat token-ca.pem", comment: "" });
      expect(shown.stdout).toMatch(/^-----BEGIN CERTIFICATE-----\n/);
    }, 60_000);

    test("and all of it is gone again, the stack untouched", async () => {
      const { engine } = useSite();
      const names = ["registry", "registry-token", "dockwarden-join_dockwarden_1"];
      await engine.mustDocker(["rm", "--force", "--volumes", ...names]);
      const left = await engine.mustDocker(["ps", "--format", "{{.Names}}"]);
      expect(left).not.toContain("join");
    });
  });
}
