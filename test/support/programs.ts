// Which outside programs the end-to-end tests need; says by which package to get one that is missing.
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { describe, test } from "@jest/globals";

/** Program → package of Debian 12. */
const PACKAGES = {
  "docker-registry": "docker-registry",
  docker: "docker.io",
  dockerd: "docker.io",
  "docker-compose": "docker-compose",
  debootstrap: "debootstrap",
  ip: "iproute2",
  nsenter: "util-linux",
  iptables: "iptables",
  openssl: "openssl",
  curl: "curl",
  skopeo: "skopeo",
  podman: "podman",
  buildah: "buildah",
  containerd: "containerd",
  ctr: "containerd",
  faketime: "faketime",
  prlimit: "util-linux",
  unshare: "util-linux",
  script: "bsdutils",
  setpriv: "util-linux",
  strace: "strace",
  nginx: "nginx-light",
  caddy: "caddy",
  htpasswd: "apache2-utils",
} as const;

export type Program = keyof typeof PACKAGES;

/** Programs that only root can run without further set-up. */
const ROOT_ONLY: readonly Program[] = [
  "dockerd",
  "containerd",
  "podman",
  "buildah",
  "unshare",
  "debootstrap",
];

/** Whether the program lies on the path. */
export function hasProgram(name: Program): boolean {
  return (process.env["PATH"] ?? "")
    .split(delimiter)
    .some((folder) => folder !== "" && existsSync(join(folder, name)));
}

/** Null when all can be run here; otherwise what is missing and how to get it, in one line. */
export function findObstacle(programs: readonly Program[]): string | null {
  const missing = programs.filter((name) => !hasProgram(name));
  if (missing.length > 0) {
    const packages = [...new Set(missing.map((name) => PACKAGES[name]))];
    return `needs ${missing.join(", ")}: apt-get install ${packages.join(" ")}`;
  }
  const needsRoot = programs.filter((name) => ROOT_ONLY.includes(name));
  if (needsRoot.length > 0 && process.getuid?.() !== 0)
    return `needs root for ${needsRoot.join(", ")}`;
  return null;
}

/**
 * `describe` for tests that need outside programs. Where one is missing, the tests are skipped under a title that names
 * the package; with `CI=true` that is a failure instead, so that CI skips nothing.
 */
export function describeWith(programs: readonly Program[], title: string, body: () => void): void {
  describeUnless(findObstacle(programs), title, body);
}

/** `describe` for tests that change owners; skipped and failing as describeWith. */
export function describeAsRoot(title: string, body: () => void): void {
  describeUnless(process.getuid?.() === 0 ? null : "needs root", title, body);
}

function describeUnless(obstacle: string | null, title: string, body: () => void): void {
  if (obstacle === null) {
    describe(title, body);
    return;
  }
  if (process.env["CI"] === "true") {
    test(title, () => {
      throw new Error(obstacle);
    });
    return;
  }
  describe.skip(`${title} (skipped, ${obstacle})`, body);
}
