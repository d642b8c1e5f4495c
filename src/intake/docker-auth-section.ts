// What the sections of a docker_auth configuration besides users and acl mean for an import.
import type { LineNote } from "../domain/stated-policy.js";

const NOTES: Readonly<Record<string, string>> = {
  server:
    "server: not imported; the address is server.host and server.port here, TLS is server.tls (dockwarden config print)",
  token:
    "token: not imported; set token.issuer to the same issuer and token.ttlSeconds to its expiration; the key goes on with: dockwarden key import --key FILE --cert FILE",
};

const OTHER_SIGN_IN = "people who sign in so need an account here: dockwarden user add NAME";
const OTHER_RULES =
  "its rules are not in this file; state them with dockwarden access grant, or in a document for dockwarden apply";

const FAULTS: Readonly<Record<string, string>> = {
  google_auth: `sign-in with Google is not carried; ${OTHER_SIGN_IN}`,
  github_auth: `sign-in with GitHub is not carried; ${OTHER_SIGN_IN}`,
  gitlab_auth: `sign-in with GitLab is not carried; ${OTHER_SIGN_IN}`,
  oidc_auth: `sign-in with OpenID Connect is not carried; ${OTHER_SIGN_IN}`,
  ldap_auth: `sign-in with LDAP is not carried; ${OTHER_SIGN_IN}`,
  mongo_auth: `users in MongoDB are not carried; ${OTHER_SIGN_IN}`,
  xorm_auth: `users in a database are not carried; ${OTHER_SIGN_IN}`,
  ext_auth: `sign-in by a program is not carried; ${OTHER_SIGN_IN}`,
  plugin_authn: `sign-in by a plugin is not carried; ${OTHER_SIGN_IN}`,
  acl_mongo: `an ACL in MongoDB is not carried; ${OTHER_RULES}`,
  acl_xorm: `an ACL in a database is not carried; ${OTHER_RULES}`,
  ext_authz: `a program that decides is not carried; ${OTHER_RULES}`,
  plugin_authz: `a plugin that decides is not carried; ${OTHER_RULES}`,
  casbin_authz: `a Casbin policy is not carried; ${OTHER_RULES}`,
};

/** Sections that merely don't concern an import are notes; those that let people in or give rights are faults. */
export function judgeSection({ name, line }: { readonly name: string; readonly line: number }): {
  readonly fault: LineNote | null;
  readonly note: LineNote | null;
} {
  const note = NOTES[name];
  if (note !== undefined) return { fault: null, note: { line, message: note } };
  const known = FAULTS[name];
  const message =
    known === undefined
      ? `${JSON.stringify(name)} is no section of docker_auth that is known here; it is not carried`
      : `${name}: ${known}`;
  return { fault: { line, message }, note: null };
}
