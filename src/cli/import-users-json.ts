// `dockwarden import users-json FILE`: accounts out of a JSON catalogue of users.
import type { ImportSource } from "./import-source.js";

export const USERS_JSON: ImportSource = {
  name: "users-json",
  description: "accounts out of a JSON catalogue of users",
  options: [["--htpasswd <file>", 'where the hashes stand of which the catalogue says "htpasswd"']],
  open: async ({ text, options, readFile }) => {
    const { htpasswd: file } = options;
    const htpasswd = typeof file === "string" ? (await readFile(file)).text : null;
    const { readUsersJson } = await import("../intake/users-json.js");
    return { read: (present) => readUsersJson(text, { htpasswd }, present) };
  },
};
