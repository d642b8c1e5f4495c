// Backup and restore on a disk that is full: nothing half-written stays, and what was there goes on.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "@jest/globals";
import { expectDone } from "../support/outcome.js";
import { run, type Outcome } from "../support/process.js";
import { describeWith } from "../support/programs.js";
import { ADMIN_PASSWORD } from "../support/spawn-server.js";
import { openWorkspace, type Workspace } from "../support/workspace.js";

describeWith(["unshare"], "a full disk", () => {
  let workspace: Workspace;
  let env: Record<string, string>;
  let small: string;

  beforeEach(async () => {
    workspace = await openWorkspace();
    small = await workspace.subfolder("small");
    const at = (name: string): string => join(workspace.folder, name);
    writeFileSync(at("password"), `${ADMIN_PASSWORD}\n`, { mode: 0o600 });
    env = {
      PATH: process.env["PATH"] ?? "",
      DOCKWARDEN: `${process.execPath} dist/main.js`,
      SMALL: small,
      FILE: at("backup.tar"),
      DOCKWARDEN_STORAGE__PATH: join(at("data"), "dockwarden.db"),
      DOCKWARDEN_KEYS__DIRECTORY: at("keys"),
      DOCKWARDEN_KEYS__TRUST_DIRECTORY: at("trust"),
      DOCKWARDEN_ADMIN_PASSWORD_FILE: at("password"),
      DOCKWARDEN_PASSWORDS__ARGON2__MEMORY_KIB: "7168",
      DOCKWARDEN_PASSWORDS__ARGON2__ITERATIONS: "1",
    };
  });

  afterEach(() => workspace.close());

  /** A script in mounts of its own, where `$SMALL` is a disk of so many KiB; it goes away with the script. */
  function onSmallDisk(kibibytes: number, script: string): Promise<Outcome> {
    const mount = `mount -t tmpfs -o size=${kibibytes}k,mode=700 small "$SMALL" || exit 98`;
    const namespace = ["--mount", "--propagation=private", "bash", "-c"];
    return run("unshare", [...namespace, `${mount}\n${script}`], { env });
  }

  test("L10: of a backup onto it nothing stays behind, and the store is as it was", async () => {
    const outcome = await onSmallDisk(
      64,
      `$DOCKWARDEN init && $DOCKWARDEN group add before || exit 97
       $DOCKWARDEN backup "$SMALL/x.tar"; code=$?
       ls -A "$SMALL"; $DOCKWARDEN group list --json; exit $code`,
    );
    expect(outcome).toMatchObject({
      code: 3,
      stderr: expect.stringMatching(/x\.tar was not written \(ENOSPC\).*make room/),
    });
    expect(outcome.stdout).not.toMatch(/x\.tar|new-/);
    expect(outcome.stdout).toContain('"before"');
  });

  test("L10: a store on it is not backed up, and not restored to, with nothing changed", async () => {
    env = { ...env, DOCKWARDEN_STORAGE__PATH: join(small, "store", "dockwarden.db") };
    const outcome = await onSmallDisk(
      2048,
      `$DOCKWARDEN init && $DOCKWARDEN group add before || exit 97
       $DOCKWARDEN backup "$FILE" && $DOCKWARDEN group add after || exit 96
       cat /dev/zero >"$SMALL/ballast" 2>/dev/null
       truncate --size=-65536 "$SMALL/ballast"
       $DOCKWARDEN backup "$FILE.second"; echo "backup $?"
       $DOCKWARDEN restore "$FILE" --force; echo "restore $?"
       ls -A "$SMALL/store"; rm "$SMALL/ballast"
       $DOCKWARDEN group list --json && $DOCKWARDEN restore "$FILE" --force >/dev/null && $DOCKWARDEN group list --json`,
    );
    const text = expectDone(outcome);
    expect(text).toMatch(/backup 3[^]*restore 3/);
    expect(outcome.stderr).toMatch(/has no room for a copy of the store|can't be used \(ENOSPC\)/);
    expect(outcome.stderr).toMatch(/nothing was changed|is the disk full/);
    expect(outcome.stdout).not.toMatch(/staging|backup-|restoring|second/);
    const lists = [...outcome.stdout.matchAll(/"name": ?"(\w+)"/g)].map(([, name]) => name);
    expect(lists).toEqual(["after", "before", "before"]);
  });
});
