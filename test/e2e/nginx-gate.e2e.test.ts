// examples/gate/nginx.conf, and the stack's own door: nginx's auth_request with the gate, before a real registry.
import { startGateNginx } from "../support/gate-fronts.js";
import { testGateFront } from "../support/gate-front-tests.js";
import { describeWith } from "../support/programs.js";

const PROGRAMS = ["nginx", "docker-registry", "skopeo", "curl"] as const;

describeWith([...PROGRAMS], "nginx with the gate", () => {
  testGateFront({ startFront: startGateNginx });
});

describeWith([...PROGRAMS], "the stack's door with the gate", () => {
  testGateFront({});
});
