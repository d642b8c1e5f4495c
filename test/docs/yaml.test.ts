// The YAML of examples, compose files and docs: it parses, compose and Kubernetes know its keys, settings are real ones.
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "@jest/globals";
import { parseAllDocuments } from "yaml";
import { CONFIG_KEYS } from "../../src/config/keys.js";
import { loadConfig } from "../../src/config/load-config.js";
import { findFiles, findGuides, readBlocks, readDocument, ROOT } from "../support/documents.js";
import { openWorkspace, type Workspace } from "../support/workspace.js";

type Section = Readonly<Record<string, unknown>>;

interface Source {
  readonly place: string;
  readonly text: string;
}

const YAML_FILES = findFiles(/^(?:examples\/.*|[^/]*)\.ya?ml$/);
const SOURCES: readonly Source[] = [
  ...YAML_FILES.map((place) => ({ place, text: readDocument(place) })),
  ...findGuides().flatMap((path) => readBlocks(path).filter(({ language }) => language === "yaml")),
];

function read(text: string): readonly Section[] {
  return parseAllDocuments(text, { merge: true }).map((document) => document.toJS() as Section);
}

function section(parent: unknown, ...keys: readonly string[]): Section {
  const found = keys.reduce<unknown>((value, key) => (value as Section | undefined)?.[key], parent);
  return (found ?? {}) as Section;
}

/** The variables of a compose service, whichever form they have. */
function environmentOf(service: unknown): Readonly<Record<string, string>> {
  return section(service, "environment") as Readonly<Record<string, string>>;
}

/** `${NAME:-default}` and `${NAME:?…}` as compose fills them, with a URL for what must be set. */
function fill(text: string): string {
  return text
    .replace(/\$\{\w+:-([^}]*)\}/g, "$1")
    .replace(/\$\{\w+:\?[^}]*\}/g, "https://registry.example.com");
}

test("every YAML file and block parses without errors and warnings", () => {
  expect(SOURCES.length).toBeGreaterThan(10);
  for (const { place, text } of SOURCES) {
    const faults = parseAllDocuments(text, { merge: true }).flatMap(({ errors, warnings }) =>
      [...errors, ...warnings].map(String),
    );
    expect({ place, faults }).toEqual({ place, faults: [] });
  }
});

describe("compose files", () => {
  const SERVICE_KEYS = [
    ...["build", "cap_add", "cap_drop", "command", "depends_on", "deploy", "entrypoint"],
    ...["environment", "healthcheck", "image", "logging", "ports", "pull_policy", "read_only"],
    ...["restart", "security_opt", "shm_size", "stop_grace_period", "stop_signal", "tmpfs"],
    ...["volumes", "networks"],
  ];
  const files = YAML_FILES.filter((path) => /compose[^/]*\.yml$/.test(path));

  test.each(files)("%s has only keys that compose knows, and declares its volumes", (path) => {
    const [file] = read(readDocument(path));
    const top = Object.keys(file ?? {}).filter((key) => !key.startsWith("x-"));
    expect(["services", "volumes", "networks"]).toEqual(expect.arrayContaining(top));
    const declared = Object.keys(section(file, "volumes"));
    for (const service of Object.values(section(file, "services"))) {
      expect(SERVICE_KEYS).toEqual(expect.arrayContaining(Object.keys(service as Section)));
      const mounts = ((service as Section)["volumes"] ?? []) as readonly string[];
      const named = mounts.map((mount) => mount.split(":")[0] ?? "").filter((at) => /^\w/.test(at));
      expect(declared).toEqual(expect.arrayContaining(named));
    }
  });

  test("the model's service reserves every GPU, as --gpus all does", () => {
    const [file] = read(readDocument("examples/model/compose.yml"));
    const model = section(file, "services", "model");
    expect(section(model, "deploy", "resources", "reservations")).toEqual({
      devices: [{ driver: "nvidia", count: "all", capabilities: ["gpu"] }],
    });
    const used = [...JSON.stringify(model).matchAll(/\$\{(\w+)/g)].map(([, name]) => name);
    for (const stage of ["dev", "qa", "host"]) {
      const names = readDocument(`examples/model/${stage}.env`).matchAll(/^(\w+)=.+$/gm);
      expect([...names].map(([, name]) => name).sort()).toEqual([...new Set(used)].sort());
    }
  });
});

describe("the registry's side", () => {
  // docs/content/spec of Distribution: 2.8 knows the first five, 3.x all.
  const KNOWN = ["realm", "service", "issuer", "rootcertbundle", "autoredirect"];
  const KNOWN_3 = ["jwks", "signingalgorithms", "autoredirectpath"];
  const defaults = (key: string) => CONFIG_KEYS.find((entry) => entry.key === key)?.defaultValue;

  function expectTokenSection(token: Section): void {
    expect([...KNOWN, ...KNOWN_3]).toEqual(expect.arrayContaining(Object.keys(token)));
    expect(token).toMatchObject({
      realm: expect.stringMatching(/^https?:\/\/[^/]+\/token$/),
      issuer: defaults("token.issuer"),
      rootcertbundle: expect.stringMatching(/\/token-ca\.pem$/),
    });
    expect(defaults("token.services")).toContain(token["service"]);
  }

  test("auth.token has the keys that registries know and the values of our defaults", () => {
    const sections = SOURCES.flatMap(({ text }) => read(text))
      .filter((document) => Object.hasOwn(document, "auth"))
      .map((document) => section(document, "auth", "token"));
    expect(sections.length).toBeGreaterThanOrEqual(3);
    for (const token of sections) expectTokenSection(token);
  });

  test("the same as variables, together with REGISTRY_AUTH, without which htpasswd may stay", () => {
    const [join] = read(fill(readDocument("examples/compose.join-registry.yml")));
    const [, deployment] = read(readDocument("examples/kubernetes/registry.yaml"));
    const entries = section(deployment, "spec", "template", "spec")["containers"] as Section[];
    const pairs = (entries[0]?.["env"] ?? []) as { name: string; value?: string }[];
    const block = readBlocks("docs/joining.md").find(({ text }) => /^REGISTRY_AUTH=/m.test(text));
    const lines = [...(block?.text ?? "").matchAll(/^(\w+)=(.*)$/gm)];
    for (const variables of [
      environmentOf(section(join, "services", "registry")),
      Object.fromEntries(pairs.map(({ name, value }) => [name, value ?? ""])),
      Object.fromEntries(lines.map(([, name = "", value = ""]) => [name, value])),
    ]) {
      expect(variables["REGISTRY_AUTH"]).toBe("token");
      const token = Object.entries(variables)
        .filter(([name]) => name.startsWith("REGISTRY_AUTH_TOKEN_"))
        .map(([name, value]) => [name.slice("REGISTRY_AUTH_TOKEN_".length).toLowerCase(), value]);
      expectTokenSection(Object.fromEntries(token) as Section);
    }
  });
});

describe("Kubernetes manifests", () => {
  let workspace: Workspace;
  const documents = read(readDocument("examples/kubernetes/dockwarden.yaml"));
  const kind = (name: string): Section => documents.find((one) => one["kind"] === name) ?? {};
  const pod = section(kind("Deployment"), "spec", "template", "spec");
  const [container] = pod["containers"] as [Section];

  beforeAll(async () => {
    workspace = await openWorkspace();
  });

  afterAll(() => workspace.close());

  test("run one Dockwarden at a time, on block storage", () => {
    expect(section(kind("Deployment"), "spec")).toMatchObject({
      replicas: 1,
      strategy: { type: "Recreate" },
    });
    expect(section(kind("PersistentVolumeClaim"), "spec")["accessModes"]).toEqual([
      "ReadWriteOnce",
    ]);
  });

  test("let the image's own account write, and nothing else", () => {
    const image = readDocument("Dockerfile");
    expect(image).toContain("USER 10001:10001");
    expect(pod["securityContext"]).toMatchObject({ runAsUser: 10001, fsGroup: 10001 });
    expect(container["securityContext"]).toMatchObject({ readOnlyRootFilesystem: true });
  });

  test("probe the paths of health, which need no account", () => {
    const paths = ["startupProbe", "readinessProbe", "livenessProbe"].map(
      (probe) => section(container, probe, "httpGet")["path"],
    );
    expect(paths).toEqual(["/health/ready", "/health/ready", "/health/live"]);
  });

  test("configure Dockwarden without a fault", () => {
    const file = join(workspace.folder, "config.yml");
    writeFileSync(file, section(kind("ConfigMap"), "data")["config.yml"] as string);
    const pairs = container["env"] as { name: string; value: string }[];
    const loaded = loadConfig({
      file,
      environment: {
        DOCKWARDEN_SERVER__HOST: "0.0.0.0", // the image sets it
        ...Object.fromEntries(pairs.map(({ name, value }) => [name, value])),
      },
      packageRoot: ROOT,
    });
    rmSync(file);
    expect(loaded).toMatchObject({
      ok: true,
      value: { config: { storage: { path: "/data/store/dockwarden.db" } } },
    });
  });

  test("give the registry the certificate alone", () => {
    const [, deployment] = read(readDocument("examples/kubernetes/registry.yaml"));
    const volumes = section(deployment, "spec", "template", "spec")["volumes"] as Section[];
    expect(volumes).toContainEqual({ name: "trust", configMap: { name: "dockwarden-trust" } });
    expect(JSON.stringify(volumes)).not.toMatch(/keys|"claimName":"dockwarden"/);
  });

  test("pass bodies of any size, and expose no health", () => {
    const [ingress] = read(readDocument("examples/kubernetes/ingress.yaml"));
    expect(section(ingress, "metadata", "annotations")).toMatchObject({
      "nginx.ingress.kubernetes.io/proxy-body-size": "0",
      "nginx.ingress.kubernetes.io/proxy-request-buffering": "off",
    });
    expect(JSON.stringify(ingress)).not.toContain("/health");
  });

  test("pull with an imagePullSecret that the guide makes", () => {
    const [model] = read(readDocument("examples/kubernetes/model.yaml"));
    const secrets = section(model, "spec", "template", "spec")["imagePullSecrets"];
    expect(secrets).toEqual([{ name: "cluster" }]);
    const guide = readDocument("examples/kubernetes/README.md");
    expect(guide).toContain("dw robot add cluster --output kubernetes");
  });
});

test("every DOCKWARDEN_… setting that files and docs name is one", () => {
  const known = CONFIG_KEYS.map(({ variable }) => variable);
  const paths = [
    ...findGuides(),
    ...findFiles(/^(?:examples|docker|door)\/|^(?:Dockerfile|\.env\.example|[^/]*\.yml)$/),
  ];
  const named = paths.flatMap((path) =>
    [...readDocument(path).matchAll(/DOCKWARDEN_[A-Z]+__[A-Z0-9_]+/g)].map(([name]) => name),
  );
  expect(named.length).toBeGreaterThan(10);
  expect(
    named.filter((name) => !known.includes(name) && !known.includes(name.replace(/_FILE$/, ""))),
  ).toEqual([]);
});
