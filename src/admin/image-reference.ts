// IMAGE on the command line: `repository[:tag]`, with this registry's own host cut off.
import {
  parseImagePattern,
  type ImagePattern,
  type ImagePatternFault,
} from "../domain/image-pattern.js";
import { isRepositoryName } from "../domain/repository-name.js";
import { ok, type Result } from "../domain/result.js";
import type { AdminSettings } from "./admin-context.js";
import { usage, type Refusal } from "./refusal.js";

export interface ImageReference {
  readonly pattern: ImagePattern;
  /** Worth saying: what was cut off. */
  readonly notes: readonly string[];
}

export interface ImageReferenceOptions {
  readonly service: string | null;
  /** A `host:port/` prefix is part of the repository's name. */
  readonly isLiteral: boolean;
}

/** Parses IMAGE; an unknown service, a foreign `host:port/` and a malformed name are refused. */
export function parseImageReference(
  text: string,
  options: ImageReferenceOptions,
  settings: AdminSettings,
): Result<ImageReference, Refusal> {
  const { service, isLiteral } = options;
  if (service !== null && !settings.services.includes(service)) {
    return usage(
      `there is no service ${service}; token.services has ${settings.services.join(", ")}`,
    );
  }
  const cut = isLiteral ? { name: text, host: null } : cutOwnHost(text, settings.registryHosts);
  if (!isLiteral && /^(?:[^/]*:\d+|\[[^\]]*\](?::\d+)?)\//.test(cut.name)) {
    return usage(
      `${text} begins with a host, and no request names one: write the repository alone, add the host to registry.hosts, or repeat with --literal (in a program: isLiteral)`,
    );
  }
  const parsed = parseImagePattern(cut.name, service);
  if (!parsed.ok) return usage(describeFault(cut.name, parsed.error));
  const notes =
    cut.host === null
      ? []
      : [`${cut.host}/ is this registry's own host and was cut off: the image is ${cut.name}`];
  return ok({ pattern: parsed.value, notes });
}

function cutOwnHost(
  text: string,
  hosts: readonly string[],
): { readonly name: string; readonly host: string | null } {
  const slash = text.indexOf("/");
  const first = slash === -1 ? "" : text.slice(0, slash);
  const address = first.toLowerCase();
  const bare = address.replace(/:\d+$/, "");
  // An entry without a port stands for the host on any port.
  const isOwn = hosts.some((host) => [address, bare].includes(host.toLowerCase()));
  const looksLikeHost = address.includes(":") || address.includes(".") || address === "localhost";
  if (!isOwn || !looksLikeHost) return { name: text, host: null };
  return { name: text.slice(slash + 1), host: first };
}

function describeFault(text: string, fault: ImagePatternFault): string {
  const quoted = JSON.stringify(text);
  switch (fault) {
    case "empty":
      return 'the image is empty; write repository[:tag], such as team/app or "team/**"';
    case "too-long":
      return "the image's name is longer than 255 characters";
    case "double-star-in-segment":
      return `${quoted}: ** must be a whole segment, as in "team/**"; within one use *`;
    case "bad-tag":
      return `${quoted}: a tag has letters, digits, . _ - and *, at most 128`;
    case "digest":
      return `${quoted}: rules are by repository and tag, not by digest; leave the digest out`;
    case "bad-segment": {
      const lower = text.toLowerCase();
      const [repository = "", , rest] = lower.split(":");
      const isRight = lower !== text && rest === undefined && isRepositoryName(repository);
      const hint = isRight ? `; did you mean ${lower}?` : "";
      return `${quoted}: a repository has a-z 0-9 . _ - in segments joined by /${hint}`;
    }
  }
}
