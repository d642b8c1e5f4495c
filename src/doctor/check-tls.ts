// The certificate of server.tls: can it be used, for how long yet, and for which name?
import { X509Certificate } from "node:crypto";
import { isIP } from "node:net";
import { fault, splitAdvice, warning, type Finding, type Mend } from "./finding.js";
import { commandOf, type Site } from "./site.js";

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
  const certificate = new X509Certificate(tls.value.cert);
  const days = Math.floor((Date.parse(certificate.validTo) - site.now * 1000) / DAY_MILLISECONDS);
  const renew: Mend = {
    kind: "do",
    words: `put a new certificate into ${server.tls.cert ?? ""}, then restart the server`,
  };
  const findings: Finding[] = [];
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
