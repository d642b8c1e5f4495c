// A backup of the stack, and the way back, by the very lines that docs/backup.md gives: over a store, and onto a new machine.
import { describe, expect, test } from "@jest/globals";
import { readBlocks } from "../../support/documents.js";
import { expectDone } from "../../support/outcome.js";
import type { Outcome } from "../../support/process.js";
import { login, PASSWORD, type ContainerSite } from "../site.js";

const HOST = "localhost:5000";
const LIMIT_MILLISECONDS = 120_000;

/** The block of the guide with this line in it, for the older spelling of compose as well. */
function guideLines(line: string): string {
  const found = readBlocks("docs/backup.md").find(({ text }) => text.split("\n").includes(line));
  if (found === undefined) throw new Error(`docs/backup.md has no line ${line}`);
  return found.text.replaceAll("docker compose", "docker-compose");
}

const BACKUP = guideLines("docker compose exec -T dockwarden dw backup - >dockwarden.tar").replace(
  /^npx .*$/m,
  "",
);
const RESTORE = guideLines(
  "docker compose run --rm --no-deps -T dockwarden restore - --force <dockwarden.tar",
);
const ON_NEW_MACHINE = guideLines(
  "docker compose run --rm --no-deps -T dockwarden restore - <dockwarden.tar",
);

export function testRestore(useSite: () => ContainerSite): void {
  describe("backup and restore of the stack", () => {
    function type(lines: string): Promise<Outcome> {
      const { machines, engine, stack } = useSite();
      return machines.server.run("bash", ["-e", "-c", lines], {
        env: { DOCKER_HOST: engine.socket, COMPOSE_PROJECT_NAME: "stack" },
        cwd: stack.folder,
        limitMilliseconds: LIMIT_MILLISECONDS,
      });
    }

    const listKeys = async (): Promise<unknown> =>
      JSON.parse(await useSite().stack.mustDw(["key", "list", "--json"]));

    async function expectAsBefore(keys: unknown): Promise<void> {
      const { stack, engine } = useSite();
      await stack.waitUntilHealthy();
      expect(await listKeys()).toEqual(keys);
      for (const person of ["developer", "reader"]) await login(engine, HOST, person, PASSWORD);
      const reference = `${HOST}/team/app:1`;
      await engine.docker("reader", ["image", "rm", "--force", reference]);
      expectDone(await engine.docker("reader", ["pull", reference]));
    }

    test("is refused while the server runs, puts the rules back when it is stopped, and names what was changed since", async () => {
      const { stack } = useSite();
      const keys = await listKeys();
      expectDone(await type(BACKUP));
      await stack.mustDw(["user", "disable", "reader"]);
      const [, restoring = ""] = RESTORE.split("\n");
      expect(await type(restoring)).toMatchObject({
        code: 1,
        text: expect.stringContaining("a server or a command uses the store"),
      });
      const told = expectDone(await type(RESTORE));
      expect(told).toContain("the same as before: registries need nothing");
      await expectAsBefore(keys);
      const [, path = ""] = /DOCKWARDEN_STORAGE__PATH=(\S+) dockwarden audit list/.exec(told) ?? [];
      const asking = ["exec", "-T", "-e", `DOCKWARDEN_STORAGE__PATH=${path}`, "dockwarden", "dw"];
      const log = await stack.mustCompose([...asking, "audit", "list", "--account", "reader"]);
      expect(log).toMatch(/account\.update +reader +enabled: true → false/);
    }, 180_000);

    test("brings accounts, rules and keys onto a machine that has none: old passwords and certificates go on", async () => {
      const { stack, engine } = useSite();
      const keys = await listKeys();
      expectDone(await type(BACKUP));
      await stack.mustCompose(["down", "--timeout", "8"]);
      await engine.mustDocker(["volume", "rm", "stack_store", "stack_keys", "stack_trust"]);
      const told = expectDone(await type(ON_NEW_MACHINE));
      expect(told).toContain("those of the backup");
      expect(told).toContain("registries need nothing");
      await expectAsBefore(keys);
    }, 240_000);
  });
}
