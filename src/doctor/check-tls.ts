// The certificate of server.tls: can it be used, for how long yet, and for which name?
import { X509Certificate } from "node:crypto";
import { realpathSync } from "node:fs";
import { isIP } from "node:net";
import { dirname } from "node:path";
import { fault, quote, splitAdvice, warning, type Finding, type Mend } from "./finding.js";
import { commandOf, type Site } from "./site.js";
import { statPlace } from "./stat-place.js";

const DAY_MILLISECONDS = 86_400_000;
const WARNING_DAYS = 14;

/** Nothing is found in the modes in which this server does no TLS. */
export function checkTls(site: Site): readonly Finding[] {
  const { tls, loaded } = site;
  if (!tls.ok) {
    const { what, mend } = splitAdvice(tls.error, commandOf(loaded, true));
    return [fault("tls.unusable", what, mend)];
  }
  if (tls.value === null) return [];
  const { server } = loaded.config;
  const open = checkKeyFile(site, server.tls.key ?? "");
  const certificate = new X509Certificate(tls.value.cert);
  const days = Math.floor((Date.parse(certificate.validTo) - site.now * 1000) / DAY_MILLISECONDS);
  const renew: Mend = {
    kind: "do",
    words: `put a new certificate into ${server.tls.cert ?? ""}, then restart the server`,
  };
  const findings: Finding[] = [...open];
  if (days < 0)
    findings.push(fault("tls.unusable", "the certificate of server.tls has expired", renew));
  else if (days < WARNING_DAYS)
    findings.push(
      warning("tls.ending", `the certificate of server.tls ends in ${days} days`, renew),
    );
  const host = new URL(server.publicUrl).hostname.replace(/^\[|\]$/g, "");
  const named = isIP(host) === 0 ? certificate.checkHost(host) : certificate.checkIP(host);
  if (named === undefined) {
    const what = `the certificate of server.tls isn't for ${host}, the host of server.publicUrl`;
    const words = `get a certificate for ${host}, or set server.publicUrl to a name that it has (${certificate.subjectAltName ?? "none"})`;
    findings.push(fault("tls.name", what, { kind: "do", words }));
  }
  return findings;
}

/** A warning: what containers are given as a secret is often open to everybody in there, and nobody else is. */
function checkKeyFile({ loaded }: Site, path: string): readonly Finding[] {
  const file = statPlace(path);
  if (file === null || (file.mode & 0o006) === 0 || !canOthersReach(realpathSync(path))) return [];
  // The server goes on reading it: as the owner, or by the group of the store's place.
  const server = statPlace(dirname(loaded.config.storage.path));
  const isOwn = server === null || server.uid === file.uid;
  const commands = isOwn
    ? [`chmod o-rwx ${quote(path)}`]
    : [`chgrp ${server.gid} ${quote(path)}`, `chmod 640 ${quote(path)}`];
  const mends = commands.map((line): Mend => ({ kind: "run", command: line }));
  const what = `${path}, the private key of server.tls, can be read by others`;
  return [warning("tls.insecure", what, ...mends)];
}

/** Not where a folder above is closed to them, as /etc/letsencrypt/live is. */
function canOthersReach(path: string): boolean {
  const folder = dirname(path);
  if (folder === path) return true;
  return ((statPlace(folder)?.mode ?? 0) & 0o001) !== 0 && canOthersReach(folder);
}
