// What people and registries open now and then: the front page, /health, the CA certificate, the JWKS. Express lives here.
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { createRequire } from "node:module";
import type express from "express";
import type { Express, Request, Response } from "express";
import { errorBody } from "./answer.js";
import { reportHealth, type HealthSource } from "./health.js";

export interface PagesSource {
  readonly health: HealthSource;
  readonly publicUrl: string;
  readonly headers: Readonly<Record<string, string>>;
  bundlePem(): string;
  jwks(): unknown;
}

const PAGE_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const NOT_FOUND = errorBody({
  status: 404,
  error: "not_found",
  code: "UNSUPPORTED",
  message: "there is nothing at this path",
});

/** `isPublic`: the front page, certificate and keys; `isInternal`: /health. One listener may be both. */
interface PagesRole {
  readonly isPublic: boolean;
  readonly isInternal: boolean;
}

/** Express is loaded when the first page is asked for: tokens need none of it. */
export function createPages(source: PagesSource, role: PagesRole): RequestListener {
  let app: Express | null = null;
  return (request: IncomingMessage, response: ServerResponse) => {
    app ??= buildPages(source, role);
    app(request, response);
  };
}

function buildPages(source: PagesSource, role: PagesRole): Express {
  const open = createRequire(import.meta.url)("express") as typeof express;
  const app = open();
  app.disable("x-powered-by");
  app.disable("etag");
  app.enable("case sensitive routing");
  app.enable("strict routing");
  app.use((_request: Request, response: Response, next: () => void) => {
    response.set(source.headers);
    next();
  });
  if (role.isInternal) app.get("/health", (_request, response) => sendHealth(source, response));
  if (role.isPublic) {
    app.get("/", (_request, response) => sendFrontPage(source, response));
    app.get("/.well-known/token-ca.pem", (_request, response) => {
      response.type("application/x-pem-file").send(source.bundlePem());
    });
    app.get("/.well-known/jwks.json", (_request, response) => {
      response.json(source.jwks());
    });
  }
  app.use((_request: Request, response: Response) => {
    response.status(404).json(NOT_FOUND);
  });
  // Express knows an error handler by its four parameters; it must never show what was thrown.
  app.use((_error: unknown, _request: Request, response: Response, _next: unknown) => {
    response.status(400).json(NOT_FOUND);
  });
  return app;
}

async function sendHealth(source: PagesSource, response: Response): Promise<void> {
  const report = await reportHealth(source.health);
  const words = {
    ok: "Dockwarden is well: tokens are issued.",
    degraded: "Dockwarden issues tokens, but something should be mended:",
    unavailable: "Dockwarden can not issue tokens now:",
  };
  const lines = [words[report.status], ...report.reasons.map((reason) => `- ${reason}`), ""];
  response
    .status(report.status === "unavailable" ? 503 : 200)
    .type("text/plain")
    .send(lines.join("\n"));
}

async function sendFrontPage(source: PagesSource, response: Response): Promise<void> {
  const { status } = await reportHealth(source.health);
  response.set("Content-Security-Policy", PAGE_POLICY);
  response.set("X-Frame-Options", "DENY");
  response.type("html").send(renderFrontPage(source.publicUrl, status));
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function renderFrontPage(publicUrl: string, status: string): string {
  const url = escapeHtml(publicUrl);
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Dockwarden</title>
<style>
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 40rem; margin: 3rem auto; padding: 0 1rem; }
code, pre { background: #8882; border-radius: .3rem; padding: .1rem .3rem; }
pre { padding: .8rem; overflow-x: auto; }
@media (prefers-color-scheme: dark) { body { background: #111; color: #ddd; } a { color: #8bf; } }
</style>
</head>
<body>
<h1>Dockwarden</h1>
<p>This server decides who may pull, push and delete which image in a Docker registry, and proves it to the registry with
signed tokens. Status: <strong>${escapeHtml(status)}</strong>.</p>
<h2>How to sign in</h2>
<p>Use the name and password that the operator gave you, with the registry's own address:</p>
<pre>docker login REGISTRY
docker pull REGISTRY/team/app</pre>
<p>Docker comes here by itself for a token. Refused? Ask the operator to run
<code>dockwarden access check NAME team/app</code>: it says why.</p>
<h2>For operators</h2>
<p>The registry's configuration names this server as <code>${url}/token</code> (<code>auth.token.realm</code>) and trusts
<a href="/.well-known/token-ca.pem">this certificate</a> (<code>rootcertbundle</code>) or <a href="/.well-known/jwks.json">these
keys</a> (<code>jwks</code>).</p>
</body>
</html>
`;
}
