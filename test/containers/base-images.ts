// Stand-ins for the public images that our files name, made of Debian packages and npm's build of Node.js: a build machine may
// reach those and no image registry. What only such a machine needs (certificates, npm's mirror) goes into them, never into our files.
import { cp, mkdir, rm, writeFile } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { expectDone } from "../support/outcome.js";
import { run } from "../support/process.js";
import type { Workspace } from "../support/workspace.js";
import type { ContainerEngine } from "./container-engine.js";
import { ownEnvironment } from "./machines.js";

const CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt";
const NODE_MAJOR = 24;
const NPM_MAJOR = 11;
const LIMIT_MILLISECONDS = 600_000;
const PACKAGES = [
  ["ca-certificates", "libstdc++6", "libatomic1"],
  ["nginx-light", "curl", "docker-registry", "wget", "caddy"],
].flat();

/** Image → what is laid over Debian. */
const IMAGES: Readonly<Record<string, string>> = {
  // node and npm below /usr/local, an account `node`.
  "node:24-bookworm-slim": `FROM debian:bookworm-slim
RUN groupadd --gid 1000 node && useradd --uid 1000 --gid node --shell /bin/bash --create-home node
COPY node_modules/node-linux-${process.arch}/bin/node /usr/local/bin/node
COPY node_modules/npm /usr/local/lib/node_modules/npm
COPY npmrc /usr/local/etc/npmrc
RUN ln -s ../lib/node_modules/npm/bin/npm-cli.js /usr/local/bin/npm
CMD ["node"]
`,
  "nginx:stable": `FROM debian:bookworm-slim
STOPSIGNAL SIGQUIT
EXPOSE 80
CMD ["nginx", "-g", "daemon off;"]
`,
  // Debian's release is 2.8; its program lies elsewhere.
  "registry:3": `FROM debian:bookworm-slim
RUN ln -s /usr/bin/docker-registry /bin/registry && rm -rf /var/lib/registry && mkdir /var/lib/registry
VOLUME ["/var/lib/registry"]
EXPOSE 5000
ENTRYPOINT ["registry"]
CMD ["serve", "/etc/distribution/config.yml"]
`,
  "caddy:2": `FROM debian:bookworm-slim
ENV XDG_CONFIG_HOME=/config XDG_DATA_HOME=/data
VOLUME ["/config", "/data"]
CMD ["caddy", "run", "--config", "/etc/caddy/Caddyfile", "--adapter", "caddyfile"]
`,
};

/**
 * Puts them all into the engine, in about a minute and a half. `CONTAINERS_DEBIAN_TAR` names a file that keeps Debian for the
 * next run on a developer's machine; it is made when it isn't there.
 */
export async function makeBaseImages(workspace: Workspace, engine: ContainerEngine): Promise<void> {
  const context = await workspace.subfolder("base-images");
  const archive = process.env["CONTAINERS_DEBIAN_TAR"] ?? join(workspace.folder, "debian.tar");
  await Promise.all([makeDebian(workspace, archive), fetchNode(context)]);
  await engine.mustDocker(["import", archive, "debian:bookworm-slim"], LIMIT_MILLISECONDS);
  if (process.env["CONTAINERS_DEBIAN_TAR"] === undefined) await rm(archive);
  for (const [name, lines] of Object.entries(IMAGES)) {
    const file = join(context, "Dockerfile");
    await writeFile(file, lines);
    // Only Node.js needs files; an empty folder is sent quicker.
    const folder = lines.includes("COPY") ? context : await workspace.subfolder("empty");
    const args = ["build", "--quiet", "--file", file, "--tag", name, folder];
    await engine.mustDocker(args, LIMIT_MILLISECONDS);
  }
}

async function makeDebian(workspace: Workspace, archive: string): Promise<void> {
  if (existsSync(archive)) return;
  const root = await workspace.subfolder("debian");
  const include = `--include=${PACKAGES.join(",")}`;
  await mustRun("debootstrap", ["--variant=minbase", include, "bookworm", root]);
  await cp(CERTIFICATES, join(root, CERTIFICATES));
  const leaveOut = ["./var/cache/apt/archives/*", "./var/lib/apt/lists/*", "./dev/*"];
  const flags = ["--directory", root, ...leaveOut.map((path) => `--exclude=${path}`)];
  await mustRun("tar", [...flags, "-cf", archive, "."]);
  await rm(root, { recursive: true });
}

async function fetchNode(context: string): Promise<void> {
  await mkdir(context, { recursive: true });
  const packages = [`node-linux-${process.arch}@${NODE_MAJOR}`, `npm@${NPM_MAJOR}`];
  const flags = ["--no-save", "--no-audit", "--no-fund", "--ignore-scripts", "--loglevel=error"];
  // A project of its own, not `--prefix`: that also moves the place of npm's global settings, where a machine may name its CA.
  await writeFile(join(context, "package.json"), "{}\n");
  await mustRun("npm", ["install", ...flags, ...packages], context);
  const registry = (await mustRun("npm", ["config", "get", "registry"])).trim().split("\n").at(-1);
  await writeFile(join(context, "npmrc"), `registry=${registry ?? ""}\ncafile=${CERTIFICATES}\n`);
}

async function mustRun(program: string, args: readonly string[], cwd = "/"): Promise<string> {
  const env = ownEnvironment();
  const outcome = await run(program, args, { env, cwd, limitMilliseconds: LIMIT_MILLISECONDS });
  expectDone(outcome);
  return outcome.stdout;
}
