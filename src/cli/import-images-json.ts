// `dockwarden import images-json FILE`: rules out of a JSON catalogue of images.
import type { ImportSource } from "./import-source.js";
import { toService } from "./words.js";

const FOLD =
  "or repeat with --fold-tags: one entry a repository, for those who may use all its tags";

export const IMAGES_JSON: ImportSource = {
  name: "images-json",
  description: "who may use which image, out of a JSON catalogue of images",
  options: [
    ["--fold-tags", "one entry a repository, for those who may use all of its tags"],
    ["--service <name>", "hold in one registry only"],
  ],
  open: async ({ text, options }) => {
    const foldsTags = options["foldTags"] === true;
    const { service } = options;
    const { readImagesJson } = await import("../intake/images-json.js");
    return {
      read: (present) => {
        const named =
          typeof service === "string" ? toService(service, present.settings.services) : null;
        return readImagesJson(text, { service: named, foldsTags }, present);
      },
      explain: (refusal) => (!foldsTags && refusal.includes("can't keep tags apart") ? FOLD : null),
    };
  },
};
