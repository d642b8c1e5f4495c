// Every way in which a token request can fail, mapped to the wire in one place.
import type { CredentialKind } from "../domain/credential.js";
import { SCOPE_LIMITS, type ScopeFault } from "../domain/scope.js";
import type { TokenRefusal } from "../token/token-answer.js";
import type { ErrorAnswer } from "./answer.js";
import type { BasicFault } from "./basic-credential.js";
import { QUERY_MAX_BYTES, type TargetFault } from "./request-target.js";

/** A refusal with its log reason: what the request lacked (edge), or what the token flow refused. */
export type EdgeRefusal =
  | { readonly reason: "method" }
  | { readonly reason: "duplicate-parameter" }
  | { readonly reason: "missing-service" }
  | { readonly reason: "multiple-credentials" }
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

/** The wire form of a refusal; the compiler finds the missing case. */
export function answerRefusal(refusal: EdgeRefusal | TokenRefusal): ErrorAnswer {
  switch (refusal.reason) {
    case "method":
      return {
        status: 405,
        error: "invalid_request",
        code: "UNSUPPORTED",
        message: "use GET for the token endpoint",
        headers: { Allow: "GET" },
      };
    case "duplicate-parameter":
      return badRequest("a parameter other than scope was sent more than once; send it once");
    case "missing-service":
    case "unknown-service":
      return badRequest(
        "the service parameter is missing or not one of ours; set auth.token.service of the registry to a name listed in token.services",
      );
    case "multiple-credentials":
      return badRequest("more than one Authorization header; send one");
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
    case "tokens-only":
      return unauthorized(
        "passwords are not accepted here: use a personal token as the password; the registry's operator makes one (dockwarden token create)",
      );
    case "throttled":
      return {
        status: 429,
        error: "temporarily_unavailable",
        code: "TOOMANYREQUESTS",
        message: `too many wrong passwords; try again in ${refusal.retryAfterSeconds} seconds, or ask the registry's operator (dockwarden user unlock)`,
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
      return unauthorized("name or password is empty; run docker login with both");
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
