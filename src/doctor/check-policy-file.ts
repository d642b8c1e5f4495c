// Is what policy.file names a policy that can be applied, and does the store say the same?
import { fault, splitAdvice, warning, type Finding } from "./finding.js";
import { command, commandOf, RESTART_SERVER, type Site } from "./site.js";

const FAULTS_MAX = 5;

/** Nothing where policy.file is not set. Passwords that lie in files are not compared with the store's. */
export function checkPolicyFile(site: Site): readonly Finding[] {
  const { policyFile } = site;
  if (policyFile === null) return [];
  const { path, faults, missing } = policyFile;
  const findings = faults.slice(0, FAULTS_MAX).map((sentence) => {
    const { what, mend } = splitAdvice(sentence, commandOf(site.loaded, true));
    return fault("policy-file.unusable", what, mend);
  });
  const more = faults.length - FAULTS_MAX;
  if (more > 0) {
    const what = `${path} has ${more} more such faults`;
    findings.push(fault("policy-file.unusable", what, command(site, "config check")));
  }
  if (missing === null || site.isBeforeStart) return findings;
  const what = `the store is not as ${path} says (${missing})`;
  return [...findings, warning("policy-file.not-in-force", what, RESTART_SERVER)];
}
