// Health of the server in this container: exit code 0 where /health/ready answers 200, else 1 and the reason.
import http from "node:http";
import https from "node:https";
import process from "node:process";
import { loadConfig } from "../dist/config/load-config.js";

const LIMIT_MILLISECONDS = 4000;

const loaded = loadConfig({
  file: process.env.DOCKWARDEN_CONFIG ?? null,
  environment: process.env,
  packageRoot: new URL("..", import.meta.url).pathname,
});
if (!loaded.ok) fail("the configuration has faults; run: dockwarden config check");

const { host, port, internalPort, tls } = loaded.value.config.server;
// Its own certificate names the world's name of this server, not this address: it isn't checked here.
const request = (tls.mode === "files" ? https : http).get(
  {
    host: host === "0.0.0.0" ? "127.0.0.1" : host === "::" ? "::1" : host,
    port: internalPort ?? port,
    path: "/health/ready",
    rejectUnauthorized: false,
    timeout: LIMIT_MILLISECONDS,
  },
  (response) => {
    response.setEncoding("utf8");
    response.on("data", (text) => process.stdout.write(text));
    response.on("end", () => process.exit(response.statusCode === 200 ? 0 : 1));
  },
);
request.on("timeout", () => fail("/health/ready did not answer in time"));
request.on("error", (error) => fail(`/health/ready can't be asked: ${error.message}`));

function fail(reason) {
  console.error(reason);
  process.exit(1);
}
