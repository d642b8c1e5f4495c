// Root, the store's owner and a stranger at one installation: who can do what, and that no file of root's is left behind.
import { chmod, chown, lstat, mkdir, readdir, rm, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { execFileSync } from "node:child_process";
import type { Finding } from "../../src/doctor/finding.js";
import { layKeys } from "../support/made-ring.js";
import { expectDone } from "../support/outcome.js";
import { findFreePort } from "../support/free-port.js";
import { run, startDaemon, waitUntilReady, type Outcome } from "../support/process.js";
import { describeAsRoot } from "../support/programs.js";
import {
  copyProgram,
  openReadableProgram,
  type ReadableProgram,
} from "../support/readable-program.js";
import { openWorkspace, type Workspace } from "../support/workspace.js";

const [OWNER, STRANGER] = [51_234, 51_235];
const PASSWORD = "quiet-meadow-lantern-42";

describeAsRoot("owners", () => {
  let program: ReadableProgram;
  let workspace: Workspace;
  /** Of root alone, as what it holds. */
  let ofRoot: string;
  let data: string;
  let keys: string;
  let env: Record<string, string>;

  const cli = (...args: string[]): Promise<Outcome> =>
    run(process.execPath, [program.entry, ...args], { env });

  const cliAs = (uid: number, ...args: string[]): Promise<Outcome> => {
    const ids = [`--reuid=${uid}`, `--regid=${uid}`, "--clear-groups"];
    return run("setpriv", [...ids, "--", process.execPath, program.entry, ...args], { env });
  };

  async function ownersBelow(...folders: readonly string[]): Promise<readonly number[]> {
    const paths = await Promise.all(
      folders.map(async (folder) => {
        const entries = await readdir(folder, { recursive: true });
        return [folder, ...entries.map((name) => join(folder, name))];
      }),
    );
    const owners = await Promise.all(paths.flat().map(async (path) => (await lstat(path)).uid));
    return [...new Set(owners)];
  }

  /** The commands that the doctor prints, run as root. */
  async function mendsOf(...args: readonly string[]): Promise<readonly string[]> {
    const { stdout } = await cli("doctor", "--json", ...args);
    const { findings } = JSON.parse(stdout) as { readonly findings: readonly Finding[] };
    return findings.flatMap(({ mends }) =>
      mends.map((mend) => (mend.kind === "run" ? mend.command : JSON.stringify(mend))),
    );
  }

  const chownAll = (uid: number, ...folders: readonly string[]): void => {
    execFileSync("chown", ["-R", `${uid}:${uid}`, ...folders]);
  };

  /** With keys that lie there already, the owner's: making them is the subject of the first tests alone. */
  async function init(): Promise<void> {
    await layKeys(keys);
    chownAll(OWNER, keys);
    expectDone(await cli("init"));
  }

  beforeAll(() => {
    program = openReadableProgram();
  });

  afterAll(() => {
    program.remove();
  });

  beforeEach(async () => {
    workspace = await openWorkspace();
    const site = await workspace.subfolder("site");
    await chown(workspace.folder, OWNER, OWNER);
    await chown(site, OWNER, OWNER);
    [data, keys] = [join(site, "data"), join(site, "keys")];
    await mkdir(data, { mode: 0o700 });
    ofRoot = join(workspace.folder, "of-root");
    await mkdir(ofRoot, { mode: 0o700 });
    await writeFile(join(ofRoot, "password"), `${PASSWORD}\n`, { mode: 0o600 });
    await writeFile(join(ofRoot, "config.yml"), "token: { ttlSeconds: 120 }\n", { mode: 0o600 });
    env = {
      PATH: process.env["PATH"] ?? "",
      HOME: workspace.folder,
      DOCKWARDEN_CONFIG: join(ofRoot, "config.yml"),
      DOCKWARDEN_STORAGE__PATH: join(data, "dockwarden.db"),
      DOCKWARDEN_KEYS__DIRECTORY: keys,
      DOCKWARDEN_KEYS__TRUST_DIRECTORY: join(site, "trust"),
      DOCKWARDEN_PASSWORDS__ARGON2__MEMORY_KIB: "7168",
      DOCKWARDEN_PASSWORDS__ARGON2__ITERATIONS: "1",
      DOCKWARDEN_ADMIN_PASSWORD_FILE: join(ofRoot, "password"),
    };
    await chown(data, OWNER, OWNER);
  });

  afterEach(() => workspace.close());

  test("L08: root's own files are read before it becomes the store's owner, and nothing of root's is left", async () => {
    expectDone(await cli("init"));
    expectDone(await cli("user", "add", "bob", "--password-file", join(ofRoot, "password")));
    expectDone(await cli("user", "passwd", "bob", "--password-file", join(ofRoot, "password")));
    const told = expectDone(await cli("audit", "list", "--account", "bob", "--json"));
    const actors = (JSON.parse(told) as { readonly actor: string }[]).map(({ actor }) => actor);
    expect(actors).toEqual([userInfo().username, userInfo().username]);
    const pair = ["-keyout", join(ofRoot, "ca.key"), "-out", join(ofRoot, "ca.pem")];
    const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-subj", "/CN=ca"];
    execFileSync("openssl", ["req", "-x509", "-nodes", "-days", "900", ...kind, ...pair], {
      stdio: "ignore",
    });
    const files = ["--key", join(ofRoot, "ca.key"), "--cert", join(ofRoot, "ca.pem")];
    expectDone(await cli("key", "import", "--ca", ...files));
    expectDone(await cli("key", "rotate", "--activate"));
    expectDone(await cli("key", "rotate"));
    expect(await ownersBelow(data, keys, env["DOCKWARDEN_KEYS__TRUST_DIRECTORY"] ?? "")).toEqual([
      OWNER,
    ]);
  });

  test("L08: serve --create reads root's TLS files and preset password, and serves as the store's owner", async () => {
    const pair = ["-keyout", join(ofRoot, "tls.key"), "-out", join(ofRoot, "tls.pem")];
    const kind = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-subj", "/CN=x"];
    execFileSync("openssl", ["req", "-x509", "-nodes", "-days", "9", ...kind, ...pair], {
      stdio: "ignore",
    });
    const port = await findFreePort();
    const logFile = join(ofRoot, "log");
    const daemon = await startDaemon(process.execPath, [program.entry, "serve", "--create"], {
      env: {
        ...env,
        DOCKWARDEN_SERVER__PORT: String(port),
        DOCKWARDEN_SERVER__PUBLIC_URL: `https://localhost:${port}`,
        DOCKWARDEN_SERVER__TLS__MODE: "files",
        DOCKWARDEN_SERVER__TLS__CERT: join(ofRoot, "tls.pem"),
        DOCKWARDEN_SERVER__TLS__KEY: join(ofRoot, "tls.key"),
      },
      logFile,
    });
    workspace.onClose(() => daemon.stop());
    await waitUntilReady(daemon, "The server", async () =>
      Promise.resolve(daemon.log().includes(`serves on https://`)),
    );
    expect((await lstat(`/proc/${daemon.pid}`)).uid).toBe(OWNER);
    expect(await daemon.stop()).toBe(0);
    expect(await ownersBelow(data, keys)).toEqual([OWNER]);
  });

  test("L08: keys of another owner than the store's are refused in one line that names the command", async () => {
    await init();
    const refuses = async (...args: string[]): Promise<string> => {
      const outcome = await cli(...args);
      expect(outcome).toMatchObject({ code: 3, stdout: "" });
      expect(outcome.stderr).toMatch(/^\S.*one owner.*chown -R \d+ \S+\n$/);
      return outcome.stderr;
    };
    chownAll(0, keys);
    for (const args of [["key", "list"], ["key", "rotate"], ["serve"], ["init"]]) {
      expect(await refuses(...args)).toContain(`chown -R ${OWNER} ${keys}`);
    }
    chownAll(OWNER, keys);
    chownAll(0, data);
    const names = await readdir(keys);
    for (const args of [["key", "list"], ["key", "rotate"], ["serve"], ["init"]]) {
      expect(await refuses(...args)).toContain(`chown -R ${OWNER} ${data}`);
    }
    expect(await readdir(keys)).toEqual(names);
    expect(await ownersBelow(keys)).toEqual([OWNER]);
  });

  test("L08: a program that the store's owner can't read is refused in one line, and nothing is touched", async () => {
    await init();
    const closed = copyProgram(0o700);
    workspace.onClose(async () => {
      closed.remove();
    });
    const before = await ownersBelow(data, keys);
    for (const args of [["user", "list"], ["key", "rotate"], ["migrate"], ["serve"], ["init"]]) {
      const outcome = await run(process.execPath, [closed.entry, ...args], { env });
      expect(outcome).toMatchObject({ code: 3, stdout: "" });
      expect(outcome.stderr).toMatch(
        /^\S+ can't be read by user id \d+.*install Dockwarden where.*\n$/,
      );
    }
    expect(await ownersBelow(data, keys)).toEqual(before);
  });

  test("a store or keys that a user may not read are not called missing, and no others are made", async () => {
    await init();
    env = { ...env, DOCKWARDEN_CONFIG: "" };
    delete env["DOCKWARDEN_CONFIG"];
    for (const args of [["user", "list"], ["migrate"]]) {
      const outcome = await cliAs(STRANGER, ...args);
      expect(outcome).toMatchObject({ code: 3, stdout: "" });
      expect(outcome.stderr).toMatch(/EACCES.*as the owner of the store/);
      expect(outcome.stderr).not.toMatch(/no store|run dockwarden init/);
    }
    for (const args of [["key", "list"], ["serve"], ["init"]]) {
      const outcome = await cliAs(STRANGER, ...args);
      expect(outcome).toMatchObject({ code: 3, stdout: "" });
      expect(outcome.stderr).toMatch(/EACCES/);
      expect(outcome.stderr).not.toMatch(/no token keys|run dockwarden init/);
    }
    await rm(keys, { recursive: true });
    expect((await cliAs(STRANGER, "init")).code).toBe(3);
    expectDone(await cliAs(OWNER, "user", "list"));
  });

  test("the doctor answers a user who may not look, in words", async () => {
    await init();
    env = { ...env };
    delete env["DOCKWARDEN_CONFIG"];
    const outcome = await cliAs(STRANGER, "doctor", "--before-start", "--json");
    expect(outcome).toMatchObject({ code: 1, stderr: "" });
    const { findings } = JSON.parse(outcome.stdout) as { readonly findings: readonly Finding[] };
    expect(findings.map(({ id }) => id)).toContain("store.unusable");
    expect(findings[0]?.mends).toEqual([
      { kind: "do", words: expect.stringMatching(/^run this as the owner of the store/) },
    ]);
  });

  test("keys are made over to nobody but the store's owner", async () => {
    await init();
    env = { ...env };
    delete env["DOCKWARDEN_CONFIG"];
    const stranger = await cliAs(STRANGER, "doctor", "--before-start", "--json");
    expect(stranger.stdout).not.toContain("chown");
    for (const args of [["key", "list"], ["serve"]]) {
      expect((await cliAs(STRANGER, ...args)).stderr).not.toContain("chown");
    }
    chownAll(0, keys);
    const expected = `chown -R ${OWNER} ${keys}`;
    expect((await cliAs(OWNER, "key", "list")).stderr).toContain(`run ${expected}`);
    expect(await mendsOf("--before-start")).toEqual([expected]);
    execFileSync("sh", ["-c", expected]);
    expectDone(await cliAs(OWNER, "doctor", "--before-start"));
  });

  test("a folder above the store that its owner can't enter is named, with the command that opens it", async () => {
    await init();
    const site = dirname(data);
    for (const [folder, command] of [
      [site, `chmod o+x ${site}`],
      [data, `chown ${OWNER}:${OWNER} ${data}`],
    ] as const) {
      await chown(folder, 0, 0);
      await chmod(folder, 0o700);
      expect(await mendsOf("--before-start")).toContain(command);
      const outcome = await cli("user", "list");
      expect(outcome).toMatchObject({ code: 3, stdout: "" });
      expect(outcome.stderr).toContain(`who can't enter ${folder}; run ${command}`);
      execFileSync("sh", ["-c", command]);
      expectDone(await cli("user", "list"));
    }
    await chmod(site, 0o700);
    env = { ...env };
    delete env["DOCKWARDEN_CONFIG"];
    const own = await cliAs(OWNER, "user", "list");
    expect(own.stderr).toContain(
      `run this as the owner of the store, who must be able to enter ${site}`,
    );
  });

  test("a store of root's in the folder of the server's user is given back, and the keys stay theirs", async () => {
    await init();
    env = { ...env };
    delete env["DOCKWARDEN_CONFIG"];
    const store = env["DOCKWARDEN_STORAGE__PATH"] ?? "";
    await chown(store, 0, 0);
    const outcome = await cli("doctor", "--before-start", "--json");
    const { findings } = JSON.parse(outcome.stdout) as { readonly findings: readonly Finding[] };
    const mends = findings.flatMap((finding) => finding.mends);
    expect(mends).toEqual([{ kind: "run", command: `chown ${OWNER} ${store}` }]);
    for (const mend of mends) if (mend.kind === "run") execFileSync("sh", ["-c", mend.command]);
    expectDone(await cliAs(OWNER, "doctor", "--before-start"));
  });
});
