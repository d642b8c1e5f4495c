// IMAGE on the command line, and an image as scripts see it.
import type { AdminContext } from "../admin/admin-context.js";
import { parseImageReference } from "../admin/image-reference.js";
import { formatSubject } from "../domain/image.js";
import { formatImagePattern, type ImagePattern } from "../domain/image-pattern.js";
import type { RegisteredImage } from "../domain/ports.js";
import { CliExit, orExit } from "./exit.js";
import { formatEnd } from "./output.js";
import type { Session } from "./session.js";

/** IMAGE with `--service` and `--literal`; says what was cut off. */
export function readImage(
  session: Pick<Session, "say">,
  context: AdminContext,
  text: string,
  options: { readonly service?: string; readonly literal?: boolean },
): ImagePattern {
  const scheme = /^[a-z][a-z0-9+.-]*:\/\//i.exec(text)?.[0] ?? "";
  if (scheme !== "") {
    const rest = text.slice(scheme.length);
    throw new CliExit(2, `an image is not an address; leave out ${scheme} and write ${rest}`);
  }
  const service = options.service ?? null;
  const isLiteral = options.literal === true;
  const reference = orExit(parseImageReference(text, { service, isLiteral }, context.settings));
  for (const note of reference.notes) session.say(note);
  return reference.pattern;
}

/** What scripts see of an image. */
export function toPublicImage(image: RegisteredImage): Record<string, unknown> {
  return {
    image: formatImagePattern(image.pattern),
    service: image.pattern.service,
    exclusive: image.isExclusive,
    immutable: image.isImmutable,
    grants: image.grants.map((grant) => ({
      subject: formatSubject(grant.subject),
      actions: grant.actions,
      expires: grant.expiresAt === null ? null : formatEnd(grant.expiresAt),
    })),
    digest: image.digest,
    size: image.size,
    created: image.created,
    description: image.description,
  };
}
