// Words of the command lines that messages suggest, as they can be typed.
import { formatImagePattern, isLiteral, type ImagePattern } from "../domain/image-pattern.js";

/** The image as a word of a shell: a pattern in quotes, or the shell would put file names in its place. */
export function spellImage(pattern: Pick<ImagePattern, "repository" | "tag">): string {
  const name = formatImagePattern({ service: null, ...pattern });
  return isLiteral(name) ? name : `"${name}"`;
}

/** ` --service NAME` for an entry that is bound to one, otherwise nothing. */
export function spellService(service: string | null): string {
  return service === null ? "" : ` --service ${service}`;
}
