// docker_auth's decision in small, from its documentation and behaviour, for comparing an import with; shares no code with it.

export interface ModelUser {
  readonly password?: string;
  readonly labels?: Readonly<Record<string, readonly string[]>>;
}

export interface ModelEntry {
  readonly match: {
    readonly account?: string;
    readonly type?: string;
    readonly name?: string;
    readonly service?: string;
    readonly ip?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly actions: readonly string[];
}

export interface ModelConfiguration {
  readonly users: Readonly<Record<string, ModelUser>>;
  readonly acl: readonly ModelEntry[];
}

export interface ModelRequest {
  readonly account: string;
  readonly service: string;
  readonly repository: string;
  /** Whether every ip condition fits. */
  readonly isInside: boolean;
}

const ASKED = ["pull", "push", "delete"];

/** What the first entry that matches gives of pull, push and delete. */
export function decideAsDockerAuth(
  { users, acl }: ModelConfiguration,
  request: ModelRequest,
): readonly string[] {
  const labels = users[request.account]?.labels ?? {};
  const entry = acl.find((one) => matches(one.match, request, labels));
  if (entry === undefined) return [];
  if (entry.actions.length === 1 && entry.actions[0] === "*") return ASKED;
  return ASKED.filter((action) => entry.actions.includes(action));
}

type Labels = Readonly<Record<string, readonly string[]>>;

function matches(match: ModelEntry["match"], request: ModelRequest, labels: Labels): boolean {
  const { account, service, repository } = request;
  const fields = [
    [match.account, account],
    [match.type, "repository"],
    [match.name, repository],
    [match.service, service],
  ] as const;
  const words: Record<string, string> = {
    account: quoted(account),
    type: "repository",
    name: quoted(repository),
    service: quoted(service),
  };
  const isField = fields.every(
    ([pattern, text]) =>
      pattern === undefined ||
      waysOf(labels).some((way) => fits(fill(pattern, { ...words, ...way }), text)),
  );
  const isLabel = Object.entries(match.labels ?? {}).every(([key, pattern]) =>
    (labels[key] ?? []).some((value) => fits(fill(pattern, words), value)),
  );
  return isField && isLabel && (match.ip === undefined || request.isInside);
}

/** Each choice of one value for some of the labels; none chosen: the placeholder stays. */
function waysOf(labels: Labels): readonly Readonly<Record<string, string>>[] {
  let ways: Readonly<Record<string, string>>[] = [{}];
  for (const [key, values] of Object.entries(labels)) {
    ways = [
      ...ways,
      ...ways.flatMap((way) => values.map((one) => ({ ...way, [`labels:${key}`]: one }))),
    ];
  }
  return ways;
}

const fill = (pattern: string, words: Readonly<Record<string, string>>): string =>
  pattern.replace(/\$\{([^}]*)\}/g, (whole, key: string) => words[key] ?? whole);

const quoted = (text: string): string => text.replace(/[\\.+*?()|[\]{}^$]/g, "\\$&");

function fits(pattern: string, text: string): boolean {
  if (pattern.length > 2 && pattern.startsWith("/") && pattern.endsWith("/"))
    return new RegExp(pattern.slice(1, -1)).test(text);
  let source = "";
  for (let at = 0; at < pattern.length; at += 1) {
    const letter = pattern.charAt(at);
    if (letter === "*") source += "[^/]*";
    else if (letter === "?") source += "[^/]";
    else if (letter === "[") {
      const end = pattern.indexOf("]", at);
      source += pattern.slice(at, end + 1);
      at = end;
    } else {
      if (letter === "\\") at += 1;
      source += quoted(pattern.charAt(at));
    }
  }
  return new RegExp(`^${source}$`).test(text);
}
