// A robot's secret in the form that a pipeline or a cluster takes, ready to use.
import { CliExit } from "./exit.js";

export const ROBOT_OUTPUTS = ["text", "env", "dockerconfig", "kubernetes"] as const;
export type RobotOutput = (typeof ROBOT_OUTPUTS)[number];

/** What a client signs in with; name and secret hold nothing that a shell, YAML or a .env file reads in its own way. */
export interface RobotLogin {
  readonly host: string;
  readonly name: string;
  readonly secret: string;
}

/** Kubernetes names Secrets by DNS subdomains: labels of letters, digits and -, joined by dots (RFC 1123 §2.1). */
const LABEL_MAX = 63;

/** One of ROBOT_OUTPUTS; exit 2 otherwise. */
export function toRobotOutput(text: string): RobotOutput {
  const found = ROBOT_OUTPUTS.find((output) => output === text);
  if (found !== undefined) return found;
  throw new CliExit(
    2,
    `--output got ${JSON.stringify(text)}; it takes one of ${ROBOT_OUTPUTS.join(", ")}`,
  );
}

/** The whole output, with its line end. */
export function formatRobotLogin(login: RobotLogin, output: RobotOutput): string {
  switch (output) {
    case "text":
      return `${login.secret}\n`;
    case "env":
      return formatEnvironment(login);
    case "dockerconfig":
      return `${formatDockerConfig(login)}\n`;
    case "kubernetes":
      return formatKubernetes(login);
  }
}

/** For `source`, `--env-file` and dotenv reports of a CI, none of which agree on quotes: none are needed. */
function formatEnvironment({ host, name, secret }: RobotLogin): string {
  return `DOCKER_REGISTRY=${host}\nDOCKER_USERNAME=${name}\nDOCKER_PASSWORD=${secret}\n`;
}

/** `~/.docker/config.json`, and the auth file of podman, skopeo and buildah. */
function formatDockerConfig({ host, name, secret }: RobotLogin): string {
  const auth = Buffer.from(`${name}:${secret}`).toString("base64");
  return JSON.stringify({ auths: { [host]: { auth } } }, null, 2);
}

/** A Secret for imagePullSecrets. */
function formatKubernetes(login: RobotLogin): string {
  const config = Buffer.from(formatDockerConfig(login)).toString("base64");
  return [
    "apiVersion: v1",
    "kind: Secret",
    "metadata:",
    `  name: "${toSecretName(login.name)}"`,
    "type: kubernetes.io/dockerconfigjson",
    "data:",
    `  .dockerconfigjson: ${config}`,
    "",
  ].join("\n");
}

/** `ci.team+x@lab` → `ci.team-x-lab`; what has 128 characters at most is short enough for the whole. */
function toSecretName(name: string): string {
  return name
    .replaceAll(/[^a-z0-9.-]/g, "-")
    .split(".")
    .map((label) => label.replace(/^-+/, "").slice(0, LABEL_MAX).replace(/-+$/, ""))
    .filter((label) => label !== "")
    .join(".");
}
