// How a decision names the images that took part in it, and in which order.
import { settingBehind } from "./built-in-images.js";
import type { GrantedImage } from "./image.js";
import { imagePatternKey } from "./image-pattern.js";
import type { ReasonImage } from "./reason.js";

/** What a reason says of an image. */
export function describeImage(image: GrantedImage): ReasonImage {
  const { pattern, isExclusive } = image;
  const { repository, tag, service } = pattern;
  return { repository, tag, service, isExclusive, builtIn: settingBehind(image) };
}

/** Orders images by their patterns, whatever the order of rows was. */
export function byText(a: ReasonImage, b: ReasonImage): number {
  const [left, right] = [imagePatternKey(a), imagePatternKey(b)];
  if (left === right) return 0;
  return left < right ? -1 : 1;
}
