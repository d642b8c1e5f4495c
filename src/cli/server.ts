// `dockwarden init`, `serve`, `migrate`: making the store, running the server.
import type { Command } from "commander";
import {
  initialize,
  migrate,
  readTls,
  serve,
  type Initialized,
  type RunningServer,
} from "../app.js";
import { findUnsafeRuntime } from "../config/environment.js";
import type { LoadedConfig } from "../config/load-config.js";
import { CliExit, orExit } from "./exit.js";
import type { Session } from "./session.js";

/** Adds `init`, `serve` and `migrate`. */
export function addServerCommands(program: Command, session: Session): void {
  program
    .command("init")
    .description("make store, keys and first admin; on an initialised store changes nothing")
    .action(() => init(session));
  program
    .command("serve")
    .description("run the server")
    .option("--create", "make store, keys and first admin where they are missing")
    .action((options: { create?: boolean }) => run(session, options.create === true));
  program
    .command("migrate")
    .description("bring an older store up, after a copy")
    .action(async () => {
      const { applied, copy } = orExit(await migrate(session.loadConfig()));
      const line =
        applied.length === 0
          ? "nothing to do"
          : `applied ${applied.join(", ")}; copy: ${copy ?? ""}`;
      session.answer({ applied, copy }, `${line}\n`);
    });
}

async function init(session: Session): Promise<void> {
  const loaded = session.loadConfig();
  const made = orExit(await initialize(loaded, { mayReplaceKeys: true }));
  const { storePath, keysDirectory, trustDirectory, firstAdmin } = made;
  const admin =
    firstAdmin === null ? null : { name: firstAdmin.name, passwordFile: firstAdmin.passwordFile };
  const places = { store: storePath, keys: keysDirectory, trust: trustDirectory };
  const data = { new: made.made.length > 0, made: made.made, ...places, admin };
  session.answer(data, describeMade(session, loaded, made));
}

async function run(session: Session, mayCreate: boolean): Promise<void> {
  const unsafe = findUnsafeRuntime(session.environment.variables, process.execArgv);
  if (unsafe !== null) {
    throw new CliExit(78, `${unsafe} makes this server unsafe; unset it and start again`);
  }
  const loaded = session.loadConfig();
  // Before the process may become the store's owner, who may not read the files.
  const tls = orExit(readTls(loaded.config.server.tls));
  if (mayCreate) {
    const made = orExit(await initialize(loaded, { mayReplaceKeys: false, isServedNext: true }));
    if (made.made.length > 0) session.io.note(describeMade(session, loaded, made));
  }
  const server = orExit(await serve(loaded, tls));
  session.io.note(`Dockwarden serves on ${server.url}; stop it with Ctrl-C\n`);
  const code = await untilStopped(server);
  if (code !== 0) throw new CliExit(3, "the server ended with a fault; its log says why");
}

/** SIGHUP: the terminal that it was started in is gone. */
const STOP_SIGNALS = ["SIGTERM", "SIGINT", "SIGHUP"] as const;

/** The first signal stops gracefully, the second one at once (THREATS I01, I02). */
async function untilStopped(server: RunningServer): Promise<number> {
  let signals = 0;
  const onSignal = (): void => {
    signals += 1;
    if (signals > 1) process.exit(1);
    void server.stop();
  };
  for (const signal of STOP_SIGNALS) process.on(signal, onSignal);
  try {
    return await server.finished;
  } finally {
    for (const signal of STOP_SIGNALS) process.off(signal, onSignal);
  }
}

function describeMade(session: Session, loaded: LoadedConfig, made: Initialized): string {
  if (made.made.length === 0) return "already initialised; nothing changed\n";
  const isNewStore = made.made.includes("store") || made.made.includes("admin");
  return isNewStore ? describeNew(session, loaded, made) : describeNewKeys(made);
}

/** The store was there, the keys were lost: whoever brings new ones must know what that means. */
function describeNewKeys({ keysDirectory, trustDirectory }: Initialized): string {
  return [
    `There were no token keys in ${keysDirectory}: a new token CA and a new signing key were made.`,
    `Registries refuse every token until they trust the new CA: give ${trustDirectory}/token-ca.pem to every registry (rootcertbundle) and restart it.`,
    "If you have a backup of the old keys, put it back into that folder instead; then no registry needs anything.",
    "",
  ].join("\n");
}

/** What a newcomer needs: the password, the registry's lines, and a curl that works. */
function describeNew(session: Session, loaded: LoadedConfig, made: Initialized): string {
  const { config } = loaded;
  const { isContainer } = session.environment;
  const service = config.token.services[0] ?? "registry";
  const admin = made.firstAdmin;
  const lines = [
    "",
    `Store   ${made.storePath}`,
    `Keys    ${made.keysDirectory} (private)`,
    `Trust   ${made.trustDirectory} (what registries get)`,
  ];
  if (admin !== null) {
    lines.push(`Admin   ${admin.name}`);
    if (admin.password !== null) {
      lines.push(
        `        password ${admin.password.reveal()}   (shown this once; change it: dockwarden user passwd ${admin.name})`,
      );
    }
    if (admin.passwordFile !== null) {
      const where = isContainer
        ? "   (in this container: docker exec, docker compose exec or kubectl exec, and cat)"
        : "";
      lines.push(`        password in ${admin.passwordFile}${where}`);
    }
  }
  // A shell outside of the container has no such file: curl asks for the password then.
  const canRead = admin?.passwordFile != null && !isContainer;
  const secret = canRead ? `:"$(cat '${admin.passwordFile}')"` : "";
  lines.push(
    "",
    "The registry's configuration:",
    "",
    "  auth:",
    "    token:",
    `      realm: ${config.server.publicUrl}/token`,
    `      service: ${service}`,
    `      issuer: ${config.token.issuer}`,
    `      rootcertbundle: ${made.trustDirectory}/token-ca.pem`,
    "",
    "Try it:",
    "",
    `  curl -u ${admin?.name ?? "admin"}${secret} '${config.server.publicUrl}/token?service=${service}&scope=repository:hello:pull,push'`,
    "",
    ...made.notes.map((note) => `Note: ${note}`),
  );
  return `${lines.join("\n")}\n`;
}
