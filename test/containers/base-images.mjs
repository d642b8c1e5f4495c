// Makes stand-ins for the public images that the Dockerfile and the compose files name, out of Debian packages and npm's
// builds of Node.js, because a build machine may reach those and no image registry. They carry the names of the real ones.
// What only this machine needs to reach its mirrors (certificates, npm's and apt's settings) goes into them, never into our files.
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { runOrThrow } from "./run-program.mjs";

const CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt";
const NODE_MAJOR = 24;
const NPM_MAJOR = 11;
const ARCHITECTURE = process.arch;

/** Name → what is laid over Debian: a Dockerfile, and files beside it. */
const IMAGES = [
  { name: "node:24-bookworm-slim", prepare: prepareNode },
  { name: "nginx:stable", prepare: prepareNginx },
  { name: "registry:3", prepare: prepareRegistry },
  { name: "caddy:2", prepare: prepareCaddy },
];

/**
 * Imports Debian and builds the images on the engine that `environment` names (DOCKER_HOST); `folder` is scratch space.
 * @param {{folder: string, environment: NodeJS.ProcessEnv}} place
 */
export async function makeBaseImages({ folder, environment }) {
  const options = { env: environment };
  const root = join(folder, "rootfs");
  if (!existsSync(join(root, "etc", "debian_version"))) {
    rmSync(root, { recursive: true, force: true });
    await runOrThrow(
      "debootstrap",
      ["--variant=minbase", "--include=ca-certificates", "bookworm", root],
      options,
    );
  }
  // The directories of the machine's own certificates and of apt's settings; official images have neither.
  cpSync(CERTIFICATES, join(root, "etc", "ssl", "certs", "ca-certificates.crt"));
  copyAptSettings(root);
  const archive = join(folder, "debian.tar");
  await runOrThrow("tar", ["--directory", root, "--exclude=./var/cache/apt/archives/*.deb", "-cf", archive, "."], options);
  await runOrThrow("docker", ["import", archive, "debian:bookworm-slim"], options);
  rmSync(archive);
  for (const { name, prepare } of IMAGES) {
    const context = join(folder, name.replace(":", "-"));
    rmSync(context, { recursive: true, force: true });
    mkdirSync(context, { recursive: true });
    writeFileSync(join(context, "Dockerfile"), await prepare(context, options));
    const args = ["build", "--quiet", "--network=host", "--tag", name, context];
    await runOrThrow("docker", args, { env: { ...environment, DOCKER_BUILDKIT: "0" } });
  }
}

function copyAptSettings(root) {
  for (const name of ["sources.list", "sources.list.d", "apt.conf.d"]) {
    const from = join("/etc/apt", name);
    if (!existsSync(from)) continue;
    rmSync(join(root, "etc", "apt", name), { recursive: true, force: true });
    cpSync(from, join(root, "etc", "apt", name), { recursive: true, dereference: true });
  }
}

/** As node:24-bookworm-slim: node and npm below /usr/local, an account `node`, nothing to compile with. */
async function prepareNode(context, options) {
  const packages = [`node-linux-${ARCHITECTURE}@${NODE_MAJOR}`, `npm@${NPM_MAJOR}`];
  const flags = ["--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
  await runOrThrow("npm", ["install", "--prefix", context, ...flags, ...packages], options);
  const registry = (await runOrThrow("npm", ["config", "get", "registry"], options)).trim();
  writeFileSync(join(context, "npmrc"), `registry=${registry}\ncafile=${CERTIFICATES}\n`);
  return `FROM debian:bookworm-slim
RUN groupadd --gid 1000 node && useradd --uid 1000 --gid node --shell /bin/bash --create-home node
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends libstdc++6 libatomic1
COPY node_modules/node-linux-${ARCHITECTURE}/bin/node /usr/local/bin/node
COPY node_modules/npm /usr/local/lib/node_modules/npm
COPY npmrc /usr/local/etc/npmrc
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
CMD ["node"]
`;
}

/** As nginx:stable, less its start scripts, which the door doesn't use. */
function prepareNginx() {
  return `FROM debian:bookworm-slim
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends nginx-light curl
STOPSIGNAL SIGQUIT
EXPOSE 80
CMD ["nginx", "-g", "daemon off;"]
`;
}

/** As registry:3: /bin/registry, its start script and its volume; Debian's release is 2.8. BusyBox brings wget there. */
function prepareRegistry(context) {
  const entrypoint = `#!/bin/sh
set -e
case "$1" in
  *.yaml | *.yml) set -- registry serve "$@" ;;
  serve | garbage-collect | help | -*) set -- registry "$@" ;;
esac
exec "$@"
`;
  writeFileSync(join(context, "entrypoint.sh"), entrypoint, { mode: 0o755 });
  return `FROM debian:bookworm-slim
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends docker-registry wget \\
  && ln -s /usr/bin/docker-registry /bin/registry && rm -rf /var/lib/registry && mkdir /var/lib/registry
COPY entrypoint.sh /entrypoint.sh
VOLUME ["/var/lib/registry"]
EXPOSE 5000
ENTRYPOINT ["/entrypoint.sh"]
CMD ["/etc/distribution/config.yml"]
`;
}

/** As caddy:2. */
function prepareCaddy() {
  return `FROM debian:bookworm-slim
RUN apt-get update -qq && apt-get install -y -qq --no-install-recommends caddy
ENV XDG_CONFIG_HOME=/config XDG_DATA_HOME=/data
VOLUME ["/config", "/data"]
CMD ["caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"]
`;
}

/** The names that are made here, for messages. */
export const BASE_IMAGE_NAMES = IMAGES.map(({ name }) => name);
