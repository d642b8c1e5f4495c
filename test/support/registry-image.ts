// An image of the registry for an engine without a network: Debian's program and the libraries that it needs.
import { copyFile, mkdir } from "node:fs/promises";
import { dirname, join } from "node:path";
import { run } from "./process.js";
import type { Workspace } from "./workspace.js";

const PROGRAM = "/usr/bin/docker-registry";

/**
 * Puts an image into the engine at `dockerHost`, to be used like the official one (`IMAGE serve CONFIG`).
 * @throws with the words of the program that failed.
 */
export async function makeRegistryImage(
  workspace: Workspace,
  dockerHost: string,
  reference: string,
): Promise<void> {
  const PATH = process.env["PATH"] ?? "";
  const root = await workspace.subfolder("registry-image");
  const call = async (program: string, args: readonly string[]): Promise<string> => {
    const outcome = await run(program, args, {
      env: { PATH, HOME: root, DOCKER_HOST: dockerHost },
    });
    if (outcome.code !== 0) throw new Error(`${program}: ${outcome.text}`);
    return outcome.stdout;
  };
  const libraries = [...(await call("ldd", [PROGRAM])).matchAll(/(\/\S+) \(0x/g)];
  const places = libraries.map(([, path]) => [path ?? "", path ?? ""] as const);
  for (const [from, to] of [[PROGRAM, "/bin/registry"] as const, ...places]) {
    await mkdir(dirname(join(root, to)), { recursive: true });
    await copyFile(from, join(root, to));
  }
  const archive = `${root}.tar`;
  await call("tar", ["-C", root, "-cf", archive, "."]);
  const settings = ['ENTRYPOINT ["registry"]', "VOLUME /var/lib/registry"];
  const changes = settings.flatMap((setting) => ["--change", setting]);
  await call("docker", ["import", ...changes, archive, reference]);
}
