// How a decision names the images that took part in it, and in which order.
import { settingBehind } from "./built-in-images.js";
import type { GrantedImage } from "./image.js";
import type { ReasonImage } from "./reason.js";

/** What a reason says of an image. */
export function describeImage(image: GrantedImage): ReasonImage {
  const { pattern, isExclusive } = image;
  const { repository, tag, service } = pattern;
  return { repository, tag, service, isExclusive, builtIn: settingBehind(image) };
}

/** Equal for images of one pattern alone. */
export function textOf(image: ReasonImage): string {
  return [image.repository, image.tag ?? "", image.service ?? ""].join("\n");
}

/** Orders images by their patterns, whatever the order of rows was. */
export function byText(a: ReasonImage, b: ReasonImage): number {
  const [left, right] = [textOf(a), textOf(b)];
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
