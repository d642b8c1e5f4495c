// `dockwarden doctor` through a real proxy (nginx): who the client is, where server.publicUrl leads, what gets lost.
import { readFile, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, beforeEach, expect, test } from "@jest/globals";
import { openDoctorSite, type Diagnosis, type DoctorSite } from "../support/doctor-site.js";
import { findFreePort } from "../support/free-port.js";
import { startDaemon, waitUntilReady } from "../support/process.js";
import { describeWith } from "../support/programs.js";

describeWith(["docker-registry", "nginx"], "dockwarden doctor behind a proxy", () => {
  let site: DoctorSite;
  let ports: { readonly server: number; readonly registry: number };
  let front: string;
  let door: string;

  beforeAll(async () => {
    site = await openDoctorSite();
    ports = { server: await findFreePort(), registry: await findFreePort() };
    front = `http://localhost:${ports.server}`;
    door = `http://localhost:${ports.registry}`;
    await writeConf({});
    const daemon = await startDaemon("nginx", ["-p", site.workspace.folder, "-c", "nginx.conf"], {
      env: { PATH: process.env["PATH"] ?? "" },
      logFile: site.path("nginx.log"),
    });
    site.workspace.onClose(() => daemon.stop());
    await waitUntilReady(daemon, "nginx", async () => (await fetch(`${front}/ready`)).ok);
  }, 60_000);

  beforeEach(async () => {
    await site.reset();
    await site.edit(site.configFile, "server.publicUrl", front);
    await site.edit(site.configFile, "server.trustedProxies", ["127.0.0.1"]);
    await site.edit(site.registryFile, "auth.token.realm", `${front}/token`);
    await site.restart("server");
    await site.restart("registry");
    await reload({});
  });

  afterAll(() => site.close());

  /** `token` and `registry`: further lines of the two places. */
  async function writeConf(lines: { token?: string; registry?: string }): Promise<void> {
    const usual = "proxy_set_header X-Forwarded-For $remote_addr;";
    const upstream = site.registryUrl.replace("localhost", "127.0.0.1");
    await writeFile(
      site.path("nginx.conf"),
      `daemon off; worker_processes 1; pid nginx.pid; error_log stderr;
events { worker_connections 64; }
http {
  access_log off;
  client_body_temp_path tmp-a; proxy_temp_path tmp-b; fastcgi_temp_path tmp-c; uwsgi_temp_path tmp-d; scgi_temp_path tmp-e;
  server {
    listen 127.0.0.1:${ports.server};
    location = /ready { return 200 "${Date.now()}"; }
    location = /token {
      proxy_pass http://127.0.0.1:${site.port};
      ${lines.token ?? usual}
    }
  }
  server {
    listen 127.0.0.1:${ports.registry};
    location /v2/ {
      proxy_pass ${upstream};
      ${lines.registry ?? ""}
    }
  }
}
`,
    );
  }

  async function reload(lines: { token?: string; registry?: string }): Promise<void> {
    await writeConf(lines);
    const mark = /return 200 "(\d+)"/.exec(await readFile(site.path("nginx.conf"), "utf8"))?.[1];
    await site.sh('kill -HUP "$(cat nginx.pid)"');
    await site.sh(
      `until [ "$(${process.execPath} -e 'fetch("${front}/ready").then((a)=>a.text()).then(console.log)')" = ${mark ?? ""} ]; do :; done`,
    );
  }

  /** The line behind `(nginx): `, as it is printed. */
  function nginxLine({ findings }: Diagnosis): string {
    const [mend] = findings[0]?.mends ?? [];
    return mend?.kind === "do" ? (/\(nginx\): (.*)$/.exec(mend.words)?.[1] ?? "") : "";
  }

  const args = (): readonly string[] => ["--registry", door];

  test("finds nothing where everything is right", async () => {
    expect((await site.doctor(args())).findings).toEqual([]);
  });

  test("B16: a proxy that passes on what clients say of themselves", async () => {
    await reload({ token: "" });
    const found = await site.doctor(args());
    expect({ ids: found.ids, code: found.code }).toEqual({
      ids: ["fault:proxy.spoofable"],
      code: 1,
    });
    await reload({ token: nginxLine(found) });
    expect((await site.doctor(args())).findings).toEqual([]);
  });

  test("B16: a proxy that appends is right, though this machine's own address is a trusted one", async () => {
    await reload({ token: "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;" });
    expect((await site.doctor(args())).findings).toEqual([]);
  });

  test("a proxy that takes X-Forwarded-For away and sends none", async () => {
    await reload({ token: 'proxy_set_header X-Forwarded-For "";' });
    const found = await site.doctor(args());
    expect({ ids: found.ids, code: found.code }).toEqual({
      ids: ["warning:proxy.no-header"],
      code: 0,
    });
    await reload({ token: nginxLine(found) });
    expect((await site.doctor(args())).findings).toEqual([]);
  });

  test("a proxy that isn't believed", async () => {
    await site.edit(site.configFile, "server.trustedProxies", ["192.0.2.1"]);
    await site.restart("server");
    const found = await site.doctor(args());
    expect(found.ids).toEqual(["warning:proxy.untrusted"]);
    await site.mend(found);
    expect((await site.doctor(args())).findings).toEqual([]);
  });

  test("a public address that leads elsewhere, or redirects", async () => {
    await reload({ token: "return 404;" });
    expect((await site.doctor(args())).ids).toEqual(["fault:public-url.foreign"]);
    await reload({ token: "return 301 http://localhost:9/token;" });
    expect((await site.doctor(args())).ids).toEqual(["fault:public-url.redirect"]);
  });

  test("a proxy before the token server that drops the Authorization header", async () => {
    const client = "proxy_set_header X-Forwarded-For $remote_addr;";
    await reload({ token: `${client} proxy_set_header Authorization "";` });
    const found = await site.doctor();
    expect({ ids: found.ids, code: found.code }).toEqual({
      ids: ["fault:public-url.header-lost"],
      code: 1,
    });
    await reload({ token: `${client} ${nginxLine(found)}` });
    expect((await site.doctor()).findings).toEqual([]);
  });

  test("a proxy before the registry that drops the Authorization header", async () => {
    await reload({ registry: 'proxy_set_header Authorization "";' });
    const found = await site.doctor(args());
    expect(found.ids).toEqual(["fault:registry.header-lost"]);
    await reload({ registry: nginxLine(found) });
    expect((await site.doctor(args())).findings).toEqual([]);
  });

  test("an address that redirects is not followed", async () => {
    await reload({ registry: "return 301 http://localhost:9/v2/;" });
    const found = await site.doctor(args());
    expect(found.ids).toEqual(["fault:registry.redirect"]);
    expect(found.findings[0]?.what).toContain('redirects to "http://localhost:9/v2/"');
  });
});
