// examples/gate/Caddyfile: Caddy's forward_auth with the gate, before a real registry.
import { startGateCaddy } from "../support/gate-fronts.js";
import { testGateFront } from "../support/gate-front-tests.js";
import { describeWith } from "../support/programs.js";

describeWith(["caddy", "docker-registry", "skopeo", "curl"], "Caddy with the gate", () => {
  testGateFront({
    startFront: startGateCaddy,
    env: { DOCKWARDEN_GATE__HEADERS: "forwarded" },
  });
});
