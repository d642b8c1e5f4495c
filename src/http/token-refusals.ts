// Every way in which a token request can fail, mapped to the wire in one place.
import type { CredentialKind } from "../domain/credential.js";
import { SCOPE_LIMITS, type ScopeFault } from "../domain/scope.js";
import type { TokenRefusal } from "../token/token-answer.js";
import type { ErrorAnswer } from "./answer.js";
import type { BasicFault } from "./basic-credential.js";
import { BODY_MAX_BYTES, FIELDS_MAX, type BodyFault } from "./form-body.js";
import { QUERY_MAX_BYTES, type TargetFault } from "./request-target.js";

/** A refusal with its log reason: what the request lacked (edge), or what the token flow refused. */
export type EdgeRefusal =
  | { readonly reason: "method" }
  | { readonly reason: "duplicate-parameter" }
  | { readonly reason: "missing-service" }
  | { readonly reason: "multiple-credentials" }
  | { readonly reason: "credentials-in-query" }
  | { readonly reason: "missing-grant-type" }
  | { readonly reason: "unsupported-grant-type" }
  | { readonly reason: "missing-password" }
  | { readonly reason: "missing-refresh-token" }
  | { readonly reason: "body"; readonly fault: BodyFault }
  | { readonly reason: "target"; readonly fault: TargetFault }
  | { readonly reason: "scope"; readonly fault: ScopeFault }
  | { readonly reason: "authorization"; readonly fault: BasicFault };

const BASIC_CHALLENGE = { "WWW-Authenticate": 'Basic realm="Dockwarden", charset="UTF-8"' };
const RETRY = { "Retry-After": "2" };

function badRequest(message: string, error = "invalid_request"): ErrorAnswer {
  return { status: 400, error, code: "UNSUPPORTED", message };
}

function unauthorized(message: string): ErrorAnswer {
  return {
    status: 401,
    error: "invalid_client",
    code: "UNAUTHORIZED",
    message,
    headers: BASIC_CHALLENGE,
  };
}

const WRONG_CREDENTIALS = unauthorized(
  "wrong user name or password, or the account is not active; run docker login again or ask the registry's operator",
);

/** Who holds the real secret may know that it has ended; the docker CLI shows the first to the person. */
const ENDED: Readonly<Record<CredentialKind, string>> = {
  refresh: "Your login on this machine has ended. Run docker login again.",
  token:
    "this personal token has ended; ask the registry's operator for another (dockwarden token create)",
  secret:
    "this secret of the robot has ended; ask the registry's operator for another (dockwarden robot rotate)",
};
const UNCONFIRMED: Readonly<Record<CredentialKind, string>> = {
  refresh: ENDED.refresh,
  token:
    "this personal token is from before a restore; ask the registry's operator to confirm it (dockwarden token confirm)",
  secret:
    "this secret is from before a restore; ask the registry's operator to confirm it (dockwarden token confirm)",
};

/** How OAuth names a refused credential: of a Basic header, or of a grant (THREATS §3, RFC 6749 §5.2). */
export type CredentialError = "invalid_client" | "invalid_grant";

/** The wire form of a refusal; the same words and status for GET and POST, but for OAuth's name of a bad credential. */
export function answerRefusal(
  refusal: EdgeRefusal | TokenRefusal,
  credentialError: CredentialError = "invalid_client",
): ErrorAnswer {
  const answer = describeRefusal(refusal);
  return answer.status === 401 ? { ...answer, error: credentialError } : answer;
}

/** The compiler finds the missing case. */
function describeRefusal(refusal: EdgeRefusal | TokenRefusal): ErrorAnswer {
  switch (refusal.reason) {
    case "method":
      return {
        status: 405,
        error: "invalid_request",
        code: "UNSUPPORTED",
        message: "use GET or POST for the token endpoint",
        headers: { Allow: "GET, POST" },
      };
    case "duplicate-parameter":
      return badRequest("a parameter other than scope was sent more than once; send it once");
    case "missing-service":
    case "unknown-service":
      return badRequest(
        "the service parameter is missing or not one of ours; set auth.token.service of the registry to a name listed in token.services",
      );
    case "multiple-credentials":
      return badRequest(
        "credentials in more than one place; send one Authorization header with GET, and none with POST, which has them in its body",
      );
    case "credentials-in-query":
      return badRequest(
        "username, password and refresh_token belong into the body of a POST, never into the URL; take them out of it, and change what was sent",
      );
    case "missing-grant-type":
      return badRequest("grant_type is missing; send password or refresh_token");
    case "unsupported-grant-type":
      return badRequest(
        "this grant_type is not supported; send password or refresh_token",
        "unsupported_grant_type",
      );
    case "missing-password":
      return badRequest("username or password is missing; grant_type password needs both");
    case "missing-refresh-token":
      return badRequest("refresh_token is missing; grant_type refresh_token needs it");
    case "body":
      return answerBodyFault(refusal.fault);
    case "target":
      return answerTargetFault(refusal.fault);
    case "scope":
      return answerScopeFault(refusal.fault);
    case "authorization":
      return answerAuthorizationFault(refusal.fault);
    case "bad-credentials":
      return WRONG_CREDENTIALS;
    case "credential-ended":
      return unauthorized(ENDED[refusal.kind]);
    case "unconfirmed":
      return unauthorized(UNCONFIRMED[refusal.kind]);
    case "nameless":
      return unauthorized("name or password is empty; run docker login with both");
    case "tokens-only":
      return unauthorized(
        "passwords are not accepted here: use a personal token as the password; the registry's operator makes one (dockwarden token create)",
      );
    case "throttled":
      return {
        status: 429,
        error: "temporarily_unavailable",
        code: "TOOMANYREQUESTS",
        message: `too many wrong passwords; try again in ${refusal.retryAfterSeconds} seconds, or ask the registry's operator`,
        headers: { "Retry-After": String(refusal.retryAfterSeconds) },
      };
    case "password-too-old":
      return unauthorized(
        "the password is too old; ask the registry's operator for a new one (dockwarden user passwd)",
      );
    case "busy":
      return {
        status: 503,
        error: "temporarily_unavailable",
        code: "UNAVAILABLE",
        message: "too many sign-ins at once; try again in a few seconds",
        headers: RETRY,
      };
    case "token-too-large":
      return badRequest(
        "the token would be too large for a header; ask for fewer scopes in one request",
        "invalid_scope",
      );
  }
}

function answerTargetFault(fault: TargetFault): ErrorAnswer {
  switch (fault) {
    case "not-origin-form":
      return badRequest("the request target must begin with a slash");
    case "not-ascii":
    case "bad-encoding":
      return badRequest("the query is not percent-encoded UTF-8");
    case "control-character":
      return badRequest("the query holds control characters");
    case "query-too-long":
      return badRequest(
        `the query is longer than ${QUERY_MAX_BYTES} bytes; ask for fewer scopes in one request`,
      );
  }
}

function answerBodyFault(fault: BodyFault): ErrorAnswer {
  const refused = { error: "invalid_request", code: "UNSUPPORTED" } as const;
  switch (fault) {
    case "media-type":
      return {
        ...refused,
        status: 415,
        message: "the body must be application/x-www-form-urlencoded, in UTF-8",
      };
    case "content-encoding":
      return { ...refused, status: 415, message: "the body must not be compressed" };
    case "body-too-long":
      return {
        ...refused,
        status: 413,
        message: `the body is longer than ${BODY_MAX_BYTES} bytes; ask for fewer scopes in one request`,
        headers: { Connection: "close" },
      };
    case "too-many-fields":
      return { ...refused, status: 413, message: `the body has more than ${FIELDS_MAX} fields` };
    case "aborted":
      return { ...refused, status: 408, message: "the body did not come to its end" };
    case "bad-encoding":
      return badRequest("the body is not percent-encoded UTF-8");
    case "control-character":
      return badRequest("the body holds control characters");
  }
}

function answerScopeFault(fault: ScopeFault): ErrorAnswer {
  switch (fault) {
    case "malformed":
      return badRequest(
        "a scope is malformed; the form is repository:NAME:ACTION,ACTION",
        "invalid_scope",
      );
    case "limit":
      return badRequest(
        `too much in one request: at most ${SCOPE_LIMITS.scopes} scopes, ${SCOPE_LIMITS.characters} characters and ${SCOPE_LIMITS.actions} actions in a scope`,
        "invalid_scope",
      );
  }
}

function answerAuthorizationFault(fault: BasicFault): ErrorAnswer {
  switch (fault) {
    case "damaged":
      return unauthorized(
        "the Authorization header can not be read; send Basic with a name and a password in UTF-8",
      );
    case "empty":
      return unauthorized("the password is empty; run docker login with a name and a password");
  }
}

/** What goes wrong on our side: never a token, never a partial one. */
export const UNAVAILABLE: ErrorAnswer = {
  status: 503,
  error: "temporarily_unavailable",
  code: "UNAVAILABLE",
  message: "the token server can not decide just now; try again in a few seconds",
  headers: RETRY,
};
