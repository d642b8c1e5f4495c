// `dockwarden backup` and `restore`: one file with everything, and the way back.
import type { Command } from "commander";
import { makeBackup, restoreBackup, type Backup, type Restored } from "../app.js";
import { quote } from "../doctor/finding.js";
import { formatTime } from "../domain/time.js";
import { endBySignal } from "./ending-signal.js";
import { CliExit } from "./exit.js";
import { formatJson, isNowhere, printable, type Io } from "./output.js";
import type { Session } from "./session.js";

interface BackupOptions {
  /** False by `--without-keys`. */
  readonly withoutKeys?: boolean;
  readonly force?: boolean;
}

interface RestoreOptions {
  readonly force?: boolean;
  readonly dryRun?: boolean;
}

/** Adds `backup` and `restore`. */
export function addBackupCommands(program: Command, session: Session): void {
  program
    .command("backup <file>")
    .description("store, keys and configuration in one file, while the server works; - is stdout")
    .option(
      "--without-keys",
      "leave the private keys out; after a loss every registry needs a new certificate",
    )
    .option("--force", "replace an earlier backup of the same name")
    .action((file: string, options: BackupOptions) => backUp(session, file, options));
  program
    .command("restore <file>")
    .description(
      "put a backup in the place of store and keys; the server must be stopped; - is stdin",
    )
    .option("--force", "replace the store that is there; it is kept under another name")
    .option("--dry-run", "only check the backup")
    .action((file: string, options: RestoreOptions) => restore(session, file, options));
}

async function backUp(session: Session, file: string, options: BackupOptions): Promise<void> {
  const { io } = session;
  const isStream = file === "-";
  if (isStream && io.isTerminal) {
    throw new CliExit(
      2,
      "a backup is no text for a terminal: (umask 077; dockwarden backup - >FILE), or name a file",
    );
  }
  const send = io.outBytes;
  if (isStream && (send === undefined || isNowhere(io)))
    throw new CliExit(
      3,
      "standard output is closed, or /dev/null: nothing would be kept; name a file, or send it there",
    );
  const done = await endBySignal(io, (signal) =>
    makeBackup(session.loadConfig(), {
      target: isStream && send !== undefined ? send : file,
      withKeys: options.withoutKeys !== true,
      mayReplace: options.force === true,
      signal,
      onProgress: (doing) => {
        session.progress(doing);
      },
    }).finally(() => {
      session.progress(null);
    }),
  );
  const made = { ...done, notes: [...done.notes, ...(isStream ? describeOpenFile(io) : [])] };
  const text = session.isJson ? formatJson(describeBackup(made)) : printable(backupText(made));
  if (isStream) io.note(text);
  else io.out(text);
}

/** A note where the shell made a file that others may read. */
function describeOpenFile(io: Io): readonly string[] {
  const behind = io.outFile?.();
  if (behind?.isFile() !== true || (behind.mode & 0o077) === 0) return [];
  const mode = (behind.mode & 0o777).toString(8).padStart(4, "0");
  return [
    `the file has mode ${mode}: others may read what only you should; chmod 600 FILE now, and next time (umask 077; dockwarden backup - >FILE)`,
  ];
}

function describeBackup({ file, manifest, notes }: Backup): Record<string, unknown> {
  return { file, ...describeManifest(manifest), notes };
}

function describeManifest(manifest: Backup["manifest"]): Record<string, unknown> {
  const { version, schema, credentialEpoch, takenAt, hasKeys, members } = manifest;
  return { takenAt: formatTime(takenAt), version, schema, credentialEpoch, hasKeys, members };
}

function backupText({ file, manifest, notes }: Backup): string {
  const bytes = manifest.members.reduce((sum, { size }) => sum + size, 0);
  const keys = manifest.hasKeys
    ? "with the private keys: whoever reads it can sign tokens"
    : "without keys: after a loss every registry needs a new certificate";
  return [
    `backup ${file === null ? "written to standard output" : `written to ${file}`} and verified`,
    `  of       ${formatTime(manifest.takenAt)}, ${bytes} bytes, schema ${manifest.schema}, credential epoch ${manifest.credentialEpoch}`,
    `  keys     ${keys}`,
    ...notes.map((note) => `  note     ${note}`),
    "",
  ].join("\n");
}

async function restore(session: Session, file: string, options: RestoreOptions): Promise<void> {
  const { io } = session;
  if (file === "-" && io.stdin.isTTY) {
    throw new CliExit(2, "restore - reads a backup from standard input: … | dockwarden restore -");
  }
  const restored = await endBySignal(io, (signal) =>
    restoreBackup(session.loadConfig(), {
      source: file === "-" ? io.stdin : file,
      mayReplace: options.force === true,
      isDryRun: options.dryRun === true,
      signal,
      onProgress: (doing) => {
        session.progress(doing);
      },
    }).finally(() => {
      session.progress(null);
    }),
  );
  session.answer(describeRestored(restored), restoredText(file, restored));
}

function describeRestored({ manifest, installed }: Restored): Record<string, unknown> {
  return { backup: describeManifest(manifest), restored: installed };
}

function restoredText(file: string, { manifest, installed }: Restored): string {
  const { takenAt, version, schema, hasKeys } = manifest;
  const time = formatTime(takenAt);
  const of = `${time} (version ${version}, schema ${schema}, ${hasKeys ? "with" : "without"} keys)`;
  if (installed === null) return `${file} is a whole backup of ${of}; nothing was changed\n`;
  const lines = [
    `restored ${installed.storePath} as it was at ${of}`,
    ...installed.kept.map((path) => `  kept aside    ${path}`),
    `  keys          ${keysText(installed)}`,
    `  certificate   ${certificateText(installed)}`,
    `  credentials   epoch ${installed.credentialEpoch}: passwords go on; logins have ended (docker login again); personal tokens and robots' secrets from before work again when they are confirmed: dockwarden token list, then dockwarden token confirm ID, or --all`,
    `  configuration ${configurationText(file, installed)}`,
    ...installed.notes.map((note) => `  note          ${note}`),
    "",
    `What was changed after ${time} is gone. Above all, what was taken away since is back; look before people get in:`,
    "  accounts disabled, removed or cut since   dockwarden user list",
    "  members taken out of groups since         dockwarden group list",
    "  grants revoked, images closed since       dockwarden image list",
    "  tokens and secrets revoked since          dockwarden token list",
    "  passwords changed since are the old ones  dockwarden user passwd NAME",
    ...changesSince(installed.replacedStore, time),
    "Then start the server.",
  ];
  return `${lines.join("\n")}\n`;
}

/** The log that was replaced names them all, where that store can still be read. */
function changesSince(store: string | null, time: string): readonly string[] {
  if (store === null) return [];
  return [
    "  every change since, and by whom, as the store that was replaced knows it:",
    `    DOCKWARDEN_STORAGE__PATH=${quote(store)} dockwarden audit list --since ${time.slice(0, 10)}`,
  ];
}

type Installed = NonNullable<Restored["installed"]>;

function keysText({ keys }: Installed): string {
  switch (keys) {
    case "restored":
      return "those of the backup";
    case "kept":
      return "the backup holds none; those that were here stay";
    case "new":
      return "the backup holds none and there were none here: new ones were made; if the old ones lie elsewhere, put them into the keys folder before the start";
    case "unusable":
      return "can't be used, see the note; no token can be signed before that is mended";
  }
}

function certificateText({ keys, isCertificateNew, certificateFile }: Installed): string {
  if (keys === "unusable") return "see the note";
  if (!isCertificateNew && keys !== "new") return "the same as before: registries need nothing";
  return `every registry needs the new certificate: give it ${certificateFile} (rootcertbundle) and restart it`;
}

function configurationText(file: string, { hasConfiguration }: Installed): string {
  if (!hasConfiguration) return "not touched; the backup holds no file of it";
  return `not touched; the backup's: tar -xOf ${file === "-" ? "FILE" : file} config/config.yml`;
}
