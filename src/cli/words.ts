// Words of a command line into values, with a message that says what is allowed.
import { NAME_RULE, parseName } from "../domain/account.js";
import {
  ACTIONS,
  isAction,
  isPermission,
  normalizePermissions,
  PERMISSIONS,
  type Action,
  type Permission,
} from "../domain/action.js";
import { IMAGE_SORTINGS, type ImageSorting } from "../domain/listing.js";
import { CliExit } from "./exit.js";

/** `a,b` → `["a","b"]`; empty parts are left out. */
export function splitWords(text: string): readonly string[] {
  return text
    .split(",")
    .map((word) => word.trim())
    .filter((word) => word !== "");
}

/** `push` → just that, without the pull that a grant of it brings: a revocation takes no more than it names; exit 2 otherwise. */
export function toActions(text: string): readonly Action[] {
  const words = splitWords(text);
  const unknown = words.find((word) => !isAction(word));
  if (unknown !== undefined || words.length === 0) {
    const given = unknown === undefined ? "nothing" : JSON.stringify(unknown);
    throw new CliExit(
      2,
      `--actions got ${given}; it takes ${ACTIONS.join(", ")}, joined by commas`,
    );
  }
  return ACTIONS.filter((action) => words.includes(action));
}

/** One action; exit 2 otherwise. */
export function toAction(text: string): Action {
  if (isAction(text)) return text;
  throw new CliExit(2, `--action takes one of ${ACTIONS.join(", ")}`);
}

/** One permission; exit 2 otherwise. */
export function toPermission(text: string): Permission {
  if (isPermission(text)) return text;
  throw new CliExit(2, `--permission takes one of ${PERMISSIONS.join(", ")}`);
}

/** `view,pull` → normalized permissions; `none` → none; exit 2 otherwise. */
export function toPermissions(text: string): readonly Permission[] {
  if (text === "none") return [];
  const words = splitWords(text);
  const unknown = words.find((word) => !isPermission(word));
  if (unknown !== undefined || words.length === 0) {
    const given = unknown === undefined ? "nothing" : JSON.stringify(unknown);
    throw new CliExit(
      2,
      `--permissions got ${given}; it takes ${PERMISSIONS.join(", ")}, joined by commas, or none`,
    );
  }
  return normalizePermissions(words.filter(isPermission));
}

/** The name as stored; exit 2 where it is outside the grammar. */
export function toName(text: string): string {
  const name = parseName(text);
  if (name !== null) return name;
  throw new CliExit(2, `${JSON.stringify(text)} is not a name: ${NAME_RULE}`);
}

/** A whole number from `least` on; exit 2 otherwise. */
export function toCount(option: string, text: string, least: number): number {
  const number = /^\d{1,9}$/.test(text) ? Number(text) : -1;
  if (number >= least) return number;
  throw new CliExit(
    2,
    `${option} got ${JSON.stringify(text)}; it takes a whole number from ${least} on`,
  );
}

/** The order of a list of images; exit 2 otherwise. */
export function toSorting(text: string): ImageSorting {
  const found = IMAGE_SORTINGS.find((sorting) => sorting === text);
  if (found !== undefined) return found;
  throw new CliExit(
    2,
    `--sort got ${JSON.stringify(text)}; it takes one of ${IMAGE_SORTINGS.join(", ")}`,
  );
}

/** One of `token.services`; exit 2 otherwise. */
export function toService(text: string, services: readonly string[]): string {
  if (services.includes(text)) return text;
  throw new CliExit(2, `there is no service ${text}; token.services has ${services.join(", ")}`);
}
