// `import docker-auth` on a real store: what is listed stops it, what is left out is left out, and the rest is what people had.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { openCliSite, type CliSite } from "../support/cli-site.js";
import { HASH } from "../support/docker-auth-site.js";

/** As docker_auth's reference file has it: a feature an entry. */
const REFERENCE = `server: {addr: ":5001"}
token: {issuer: "Acme auth server", expiration: 900}
users:
  admin2: {password: "${HASH}"}
  test: {password: "${HASH}"}
  vip: {password: "${HASH}", labels: {group: [dev], project: [web]}}
  "": {}
ldap_auth: {addr: "ldap.example.com:636"}
acl:
  - {match: {ip: "127.0.0.0/8"}, actions: ["*"]}
  - {match: {account: admin2}, actions: ["*"]}
  - {match: {account: test, name: "test-*"}, actions: ["*"]}
  - {match: {account: test}, actions: []}
  - {match: {account: "/.+/", name: "\${account}/*"}, actions: ["*"]}
  - {match: {account: "/.+/", type: registry, name: catalog}, actions: ["*"]}
  - {match: {name: "\${labels:project}/*"}, actions: [push, pull]}
  - {match: {account: "/.+/"}, actions: [pull]}
  - {match: {account: "", name: hello-world}, actions: [pull]}
  - {match: {account: "/^(.+)@test.com$/", name: "\${account:1}/*"}, actions: []}
  - {match: {labels: {group: VIP}}, actions: [push]}
`;

let site: CliSite;
let file: string;
beforeEach(async () => {
  site = await openCliSite();
  file = join(site.workspace.folder, "auth_config.yml");
  await writeFile(file, REFERENCE);
});
afterEach(() => site.close());

test("lists line by line what can't be carried, and changes nothing", async () => {
  const before = await site.dump();
  const outcome = await site.run(["import", "docker-auth", file]);
  expect(outcome.code).toBe(1);
  const lines = [...outcome.stderr.matchAll(/auth_config\.yml:(\d+): /g)].map(([, line]) =>
    Number(line),
  );
  expect([...new Set(lines)]).toEqual([8, 10, 15, 19, 20]);
  expect(outcome.text).not.toContain("$2y");
  expect(await site.dump()).toBe(before);
});

test("with --skip-invalid the rest is imported, once", async () => {
  const args = ["import", "docker-auth", file, "--skip-invalid"];
  const dry = await site.run([...args, "--dry-run"]);
  expect(dry).toMatchObject({ code: 0 });
  const first = await site.run(args);
  expect(first.code).toBe(0);
  expect(first.stdout).toContain("+ user test: view, pull, push, delete; with its password");
  const may = async (who: string, image: string): Promise<string> => {
    const outcome = await site.run(["access", "check", who, image, "--json"]);
    return (JSON.parse(outcome.stdout) as { readonly actions: readonly string[] }).actions.join();
  };
  expect(await may("admin2", "any/app")).toBe("pull,push,delete");
  expect(await may("test", "test-1")).toBe("pull,push,delete");
  expect(await may("test", "any/app")).toBe("");
  expect(await may("vip", "vip/app")).toBe("pull,push,delete");
  expect(await may("vip", "web/app")).toBe("pull,push");
  expect(await may("vip", "any/app")).toBe("pull");
  expect(await may("@anonymous", "hello-world")).toBe("pull");
  expect(await may("@anonymous", "any/app")).toBe("");
  const before = await site.dump();
  expect((await site.run(args)).stdout).toMatch(/^unchanged/);
  expect(await site.dump()).toBe(before);
});

test("a text that is no YAML is never skipped", async () => {
  const outcome = await site.run(["import", "docker-auth", "-", "--skip-invalid"], "acl: [");
  expect(outcome.code).toBe(1);
  expect(outcome.stderr).toMatch(/:1: this is no YAML/);
});
