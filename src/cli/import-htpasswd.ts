// `dockwarden import htpasswd FILE`: accounts with the passwords that they have at a registry.
import type { ImportSource, OpenedImport, SourceOptions } from "./import-source.js";
import { splitWords, toName, toPermissions } from "./words.js";

const KEEP_ACCESS =
  'nobody of them may do anything yet: a registry with htpasswd lets everybody pull and push everything. To keep that for now: dockwarden image register "**" --internal --actions pull,push (or import with --keep-access); rules: dockwarden image register --help';

export const HTPASSWD: ImportSource = {
  name: "htpasswd",
  description: "accounts and bcrypt passwords out of an htpasswd file (htpasswd -B)",
  options: [
    ["--permissions <list>", "ceiling of all of them; without it new ones get view,pull,push"],
    ["--groups <list>", "groups to join; those that are missing are made"],
    ["--keep-access", "let everybody who signs in pull and push everything, as before"],
  ],
  open: async ({ text, options }): Promise<OpenedImport> => {
    const order = readOrder(options);
    const { readHtpasswd } = await import("../intake/htpasswd.js");
    const { isNothingGranted } = await import("../intake/first-rights.js");
    return {
      read: (present) => readHtpasswd(text, order, present),
      advise: ({ stated }, { state, settings }) =>
        (stated.accounts ?? []).length > 0 && isNothingGranted(stated, state, settings.policy)
          ? [KEEP_ACCESS]
          : [],
    };
  },
};

function readOrder({ permissions, groups, keepAccess }: SourceOptions) {
  return {
    permissions: typeof permissions === "string" ? toPermissions(permissions) : null,
    groups: typeof groups === "string" ? splitWords(groups).map(toName) : [],
    keepsAccess: keepAccess === true,
  };
}
