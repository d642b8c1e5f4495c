// Where this server reaches each registry: registry.urls, taken apart by service.
import type { Config } from "./config.js";
import type { CrossFault } from "./cross-checks.js";

function split(entry: string, first: string): readonly [string, string] {
  const equals = entry.indexOf("=");
  const [service, url] =
    equals === -1 ? [first, entry] : [entry.slice(0, equals), entry.slice(equals + 1)];
  return [service, new URL(url).origin];
}

/** SERVICE → `http://registry:5000`; an entry without a service is the first service's. */
export function registryUrlsOf({ registry, token }: Config): ReadonlyMap<string, string> {
  const first = token.services[0] ?? "";
  return new Map(registry.urls.map((entry) => split(entry, first)));
}

/** Services that are not ours, or named twice. */
export function findUrlFaults({ registry, token }: Config): readonly CrossFault[] {
  const first = token.services[0] ?? "";
  const names = registry.urls.map((entry) => split(entry, first)[0]);
  const key = "registry.urls";
  const uses = [key, "token.services"];
  const foreign = names
    .filter((name) => !token.services.includes(name))
    .map((name) => ({
      key,
      uses,
      message: `names the service ${name}, which token.services does not list`,
    }));
  const twice = names
    .filter((name, at) => names.indexOf(name) !== at)
    .map((name) => ({ key, uses, message: `names the service ${name} twice` }));
  return [...foreign, ...twice];
}
