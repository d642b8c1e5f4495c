// `dockwarden import docker-auth FILE`: users, labels and rules out of a configuration of docker_auth.
import type { ImportSource, OpenedImport } from "./import-source.js";

export const DOCKER_AUTH: ImportSource = {
  name: "docker-auth",
  description: "users, labels and rules out of a docker_auth configuration",
  options: [],
  open: async ({ text }): Promise<OpenedImport> => {
    const { readDockerAuth } = await import("../intake/docker-auth.js");
    return {
      read: ({ state, settings, hashes }) =>
        readDockerAuth(text, { state, hashes, services: settings.services }),
    };
  },
};
