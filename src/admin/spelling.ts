// Images in words: as they can be typed in the command lines that messages suggest, and as lists name them.
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

/** `team/app`, with ` on SERVICE` where it is bound to one. */
export function formatPlace(pattern: ImagePattern): string {
  const name = formatImagePattern(pattern);
  return pattern.service === null ? name : `${name} on ${pattern.service}`;
}
