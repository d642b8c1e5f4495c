// What `dockwarden token create | list | revoke | confirm` do.
import { listCredentials, nameInWords } from "../admin/credential-listing.js";
import {
  confirmCredentials,
  createToken,
  findLiveByIds,
  revokeAllOf,
  revokeCredentials,
} from "../admin/token-admin.js";
import { parseCredentialEnd } from "../admin/when.js";
import type { LoadedConfig } from "../config/load-config.js";
import { parseName } from "../domain/account.js";
import { normalizeActions } from "../domain/action.js";
import { nameCredential, type ListedCredential } from "../domain/credential.js";
import { confirm } from "./confirm.js";
import { formatCredentialTree, toPublicCredential } from "./credential-words.js";
import { CliExit, orExit } from "./exit.js";
import { readImage } from "./image-words.js";
import { formatEnd, formatJson, printable } from "./output.js";
import { toRegistry, UNKNOWN_REGISTRY } from "./registry-words.js";
import { refuseNowhere, writeOnce } from "./secret-output.js";
import type { Session } from "./session.js";
import { toActions, toName } from "./words.js";

export interface CreateOptions {
  readonly image: readonly string[];
  readonly actions?: string;
  readonly service?: string;
  readonly expires?: string;
  readonly description?: string;
  readonly literal?: boolean;
  readonly registry?: string;
  readonly anyway?: boolean;
}

export interface RevokeOptions {
  readonly account?: string;
  readonly logins?: boolean;
  readonly yes?: boolean;
}

export interface ConfirmOptions {
  readonly all?: boolean;
}

/** `token create`: the token alone on standard output, what it is on standard error. */
export async function createOne(
  session: Session,
  account: string,
  options: CreateOptions,
): Promise<void> {
  const name = toName(account);
  const registry = toRegistry(options.registry);
  refuseNowhere(session.io, "token");
  await session.withAdmin(async (context) => {
    const { actions, expires, service } = options;
    const isServiceAlone = options.image.length === 0 && service !== undefined;
    const words = isServiceAlone ? ["**"] : options.image;
    const made = orExit(
      await createToken(
        {
          account: name,
          images: words.map((word) => readImage(sayBeside(session), context, word, options)),
          actions: actions === undefined ? null : normalizeActions(toActions(actions)),
          expiresAt:
            expires === undefined
              ? undefined
              : orExit(parseCredentialEnd(expires, context.clock.now())),
          description: options.description ?? null,
          isAnyway: options.anyway === true,
        },
        context,
      ),
    );
    const { credential, secret, expiresAt, effects } = made;
    const host = registry ?? context.settings.registryAddress ?? UNKNOWN_REGISTRY;
    const { id } = credential;
    const lost = `personal token ${id} of ${name} is made, but could not be written to anybody: end it (dockwarden token revoke ${id}) and make another one`;
    if (session.isJson) {
      const data = toPublicCredential(credential);
      await writeOnce(session.io, formatJson({ ...data, token: secret.reveal(), effects }), lost);
      return;
    }
    const lines = [
      `${nameInWords(credential)} is made, and shown this once`,
      ...effects.map((effect) => `  ${effect}`),
      `  ends ${formatEnd(expiresAt)}; earlier: dockwarden token revoke ${id}`,
      `  use it as the password: docker login ${host} -u ${name}`,
    ];
    session.io.note(printable(`${lines.join("\n")}\n`));
    await writeOnce(session.io, `${secret.reveal()}\n`, lost);
  });
}

/** Standard output belongs to the secret: what is worth saying goes beside it. */
function sayBeside(session: Session): Pick<Session, "say"> {
  return {
    say: (line) => {
      session.io.note(`${printable(line)}\n`);
    },
  };
}

/** `token list`. */
export async function listAll(
  session: Session,
  account: string | undefined,
  withEnded: boolean,
): Promise<void> {
  const filter = { account: account === undefined ? null : toName(account), withEnded };
  await session.withAdmin(async (context) => {
    const found = orExit(await listCredentials(filter, context));
    session.answer(found.map(toPublicCredential), () =>
      found.length === 0
        ? `no ${withEnded ? "" : "live "}token, secret or login${filter.account === null ? "" : ` of ${filter.account}`}\n`
        : formatCredentialTree(found),
    );
  });
}

/** Numbers as `token list` shows them; a secret that was pasted instead is not repeated. */
function toIds(words: readonly string[], verb: "revoke" | "confirm"): readonly number[] {
  return words.map((word) => {
    if (/^[1-9]\d{0,14}$/.test(word)) return Number(word);
    if (/^dw[a-z]_/.test(word)) {
      throw new CliExit(
        2,
        "that is a secret, not a number: now it may stand in your shell's history, so find its number (dockwarden token list) and revoke it",
      );
    }
    throw new CliExit(
      2,
      `${JSON.stringify(word)} is no number of a token, secret or login; see dockwarden token list${verb === "revoke" ? hintAtAccount(word) : ""}`,
    );
  });
}

/** Somebody's name where a number belongs. */
const hintAtAccount = (word: string): string =>
  parseName(word) === null || !/[a-z]/i.test(word)
    ? ""
    : ` ${word}; or end all that ${word} has: dockwarden token revoke --account ${word}`;

/** `token revoke`. */
export async function revoke(
  session: Session,
  words: readonly string[],
  options: RevokeOptions,
): Promise<void> {
  const { account, logins } = options;
  const ids = toIds(words, "revoke");
  if ((ids.length === 0) === (account === undefined)) {
    throw new CliExit(2, "name either numbers (dockwarden token list) or --account NAME");
  }
  if (logins === true && account === undefined) {
    throw new CliExit(2, "--logins goes with --account NAME");
  }
  const isYes = options.yes === true;
  await session.withAdmin(async (context, loaded) => {
    if (account === undefined) {
      const live = orExit(await findLiveByIds(ids, context));
      await confirm(`Revoke ${live.map(nameInWords).join(", ")}?`, isYes, session.io);
      reportEnd(session, loaded, orExit(await revokeCredentials(ids, context)));
      return;
    }
    const name = toName(account);
    const what = logins === true ? "every login" : "every token, secret and login";
    await confirm(`Revoke ${what} of ${name}?`, isYes, session.io);
    const order = { account: name, isLoginsOnly: logins === true };
    reportEnd(session, loaded, orExit(await revokeAllOf(order, context)));
  });
}

function reportEnd(
  session: Session,
  { config }: LoadedConfig,
  ended: readonly ListedCredential[],
): void {
  // Registries accept a token for another minute (distribution's leeway).
  const minutes = Math.ceil((config.token.ttlSeconds + 60) / 60);
  const lines = [
    ...ended.map((credential) => `${nameInWords(credential)} revoked`),
    `refused from the next request on; a token that a registry was given already ends within ${minutes} minutes`,
  ];
  const data = { revoked: ended.map(toPublicName), tokensEndWithinMinutes: minutes };
  session.answer(data, `${lines.join("\n")}\n`);
}

const toPublicName = (credential: ListedCredential): Record<string, unknown> => ({
  id: credential.id,
  account: credential.account,
  kind: credential.kind,
  credential: nameCredential(credential),
  description: credential.description,
});

/** `token confirm`. */
export async function confirmWaiting(
  session: Session,
  words: readonly string[],
  { all }: ConfirmOptions,
): Promise<void> {
  const ids = toIds(words, "confirm");
  if ((ids.length === 0) !== (all === true)) {
    throw new CliExit(2, "name either numbers (dockwarden token list) or --all");
  }
  await session.withAdmin(async (context) => {
    const confirmed = orExit(await confirmCredentials(all === true ? null : ids, context));
    const lines =
      confirmed.length === 0
        ? ["unchanged: nothing of that waits for a confirmation"]
        : confirmed.map((credential) => `${nameInWords(credential)} works again`);
    session.answer({ confirmed: confirmed.map(toPublicName) }, `${lines.join("\n")}\n`);
  });
}
