// How `dockwarden robot add | rotate` hand out a secret: in the form that was asked for, once, with what it is beside it.
import type { AdminContext } from "../admin/admin-context.js";
import type { MadeSecret } from "../admin/robot-admin.js";
import { CliExit } from "./exit.js";
import { formatEnd, formatJson, printable } from "./output.js";
import { toRegistry, UNKNOWN_REGISTRY, USUAL_REGISTRY } from "./registry-words.js";
import { formatRobotLogin, toRobotOutput, type RobotOutput } from "./robot-output.js";
import { refuseNowhere, writeOnce } from "./secret-output.js";
import type { Session } from "./session.js";
import { toPublic } from "./user-listing.js";

export interface OutputOptions {
  readonly output: string;
  readonly registry?: string;
  readonly secretExpires?: string;
}

/** Writes the secret; `lines` are said first. */
export type ShowSecret = (made: MadeSecret, lines: readonly string[]) => Promise<void>;

interface Form {
  readonly output: RobotOutput;
  /** Null: nobody has said it; the forms that need one take USUAL_REGISTRY, and say so. */
  readonly address: string | null;
  readonly isGuessed: boolean;
}

/** Wrong words end the command (exit 2) before anything is made: a secret is shown only once. */
export function readOutput(
  session: Session,
  options: OutputOptions,
): (context: AdminContext) => ShowSecret {
  const output = toRobotOutput(options.output);
  const registry = toRegistry(options.registry);
  if (session.isJson && output !== "text") {
    throw new CliExit(2, "--json has everything by itself; leave --output out");
  }
  refuseNowhere(session.io, "secret");
  return ({ settings }) => {
    const address = registry ?? settings.registryAddress;
    return createShow(session, { output, address, isGuessed: registry === null });
  };
}

function createShow({ io, isJson }: Session, { output, address, isGuessed }: Form): ShowSecret {
  const host = address ?? (output === "text" ? UNKNOWN_REGISTRY : USUAL_REGISTRY);
  return async ({ account, credential, secret, expiresAt, effects }, lines) => {
    const { name } = account;
    const { id } = credential;
    const lost = `secret ${id} of ${name} is made, but could not be written to anybody: end it (dockwarden token revoke ${id}) and make another one (dockwarden robot rotate ${name})`;
    if (isJson) {
      const ends = formatEnd(expiresAt);
      const made = { secret: secret.reveal(), secretId: id, secretExpires: ends };
      const data = { ...toPublic(account), registry: address, ...made, effects };
      return writeOnce(io, formatJson(data), lost);
    }
    const words = [
      ...lines,
      ...effects.map((effect) => `  ${effect}`),
      `  secret ${id} is shown this once; it ends ${formatEnd(expiresAt)}; earlier: dockwarden token revoke ${id}`,
      `  use it as the password: docker login ${host} -u ${name}`,
      ...(output === "text" || !isGuessed
        ? []
        : [`  made for ${host}; if clients name the registry otherwise: --registry HOST:PORT`]),
    ];
    io.note(printable(`${words.join("\n")}\n`));
    const text = formatRobotLogin({ host, name, secret: secret.reveal() }, output);
    return writeOnce(io, text, lost);
  };
}
