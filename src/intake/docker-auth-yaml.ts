// The text of a docker_auth configuration → its users, ACL entries and other sections, each with its line; judges nothing else.
import { isAlias, isMap, isScalar, isSeq, type Document, type YAMLMap } from "yaml";
import { parseYaml } from "../config/yaml-guard.js";
import type { LineNote } from "../domain/stated-policy.js";

export interface RawUser {
  readonly line: number;
  readonly name: string;
  /** `nothing`: the name stands alone, and docker_auth knows nobody of it. */
  readonly password: { readonly hash: string } | "absent" | "nothing";
  readonly labels: ReadonlyMap<string, readonly string[]>;
  /** It could not be read as a whole; the faults say why. */
  readonly isBroken: boolean;
}

export interface RawEntry {
  readonly line: number;
  readonly account: string | null;
  readonly type: string | null;
  readonly name: string | null;
  readonly service: string | null;
  readonly ip: string | null;
  readonly labels: ReadonlyMap<string, string>;
  readonly actions: readonly string[];
  /** It could not be read as a whole: it may match anything that what was read of it matches. */
  readonly isBroken: boolean;
}

export interface RawConfiguration {
  /** Null: there is no such section. */
  readonly users: readonly RawUser[] | null;
  readonly entries: readonly RawEntry[] | null;
  /** All others that hold something, in their order. */
  readonly sections: readonly { readonly name: string; readonly line: number }[];
  readonly faults: readonly LineNote[];
}

const MATCH_KEYS = ["account", "type", "name", "service", "ip", "labels"];
const BROKEN_YAML = "this is no YAML that can be read";

/** Aliases are followed, merge keys (`<<`) are faults. Scalars count as their text, empty ones as absent. */
export function readDockerAuthYaml(text: string): RawConfiguration {
  const parsed = parseYaml(text, true);
  if (parsed === null) {
    const message = "is nested too deeply to be a configuration of docker_auth; name another file";
    return { users: null, entries: null, sections: [], faults: [{ line: 1, message }] };
  }
  const { document, lineAt } = parsed;
  const [broken] = document.errors;
  if (broken !== undefined) {
    const line = lineAt(broken.pos[0]);
    const message = `${BROKEN_YAML} (${broken.code.toLowerCase().replaceAll("_", " ")}); mend it`;
    return { users: null, entries: null, sections: [], faults: [{ line, message }] };
  }
  return new YamlReader(document, lineAt).read();
}

/** What stands under a key. */
interface Member {
  readonly key: string;
  readonly line: number;
  readonly value: unknown;
}

/** Holds the document and the faults found on the way through it. */
class YamlReader {
  readonly #document: Document;
  readonly #lineAt: (offset: number) => number;
  readonly #faults: LineNote[] = [];

  constructor(document: Document, lineAt: (offset: number) => number) {
    this.#document = document;
    this.#lineAt = lineAt;
  }

  read(): RawConfiguration {
    const top = this.#follow(this.#document.contents);
    if (!isMap(top)) {
      const message =
        "a docker_auth configuration has sections such as users and acl; none is here";
      return { users: null, entries: null, sections: [], faults: [{ line: 1, message }] };
    }
    const members = this.#members(top).filter(({ value }) => !isNothing(value));
    const find = (key: string): Member | undefined => members.find((one) => one.key === key);
    const [users, acl] = [find("users"), find("acl")];
    return {
      users: users === undefined ? null : this.#users(users),
      entries: acl === undefined ? null : this.#entries(acl),
      sections: members
        .filter(({ key }) => key !== "users" && key !== "acl")
        .map(({ key, line }) => ({ name: key, line })),
      faults: this.#faults,
    };
  }

  #users({ value, line }: Member): readonly RawUser[] {
    if (isMap(value)) return this.#members(value).map((member) => this.#user(member));
    this.#fault(line, "users is a mapping of names; write it so");
    return [];
  }

  #user({ key, line, value }: Member): RawUser {
    const found = this.#faults.length;
    const user = { line, name: key, labels: new Map<string, readonly string[]>() };
    if (isNothing(value)) return { ...user, password: "nothing", isBroken: false };
    if (!isMap(value)) {
      this.#fault(line, "a user has a password and labels, in a mapping; write it so");
      return { ...user, password: "nothing", isBroken: true };
    }
    let password: RawUser["password"] = "absent";
    let labels: RawUser["labels"] = user.labels;
    for (const member of this.#members(value)) {
      if (isNothing(member.value)) continue;
      if (member.key === "labels") labels = this.#labelLists(member);
      else if (member.key !== "password") this.#unknown(member, "a user has password and labels");
      else {
        const hash = this.#text(member);
        password = hash === null ? "nothing" : { hash };
      }
    }
    return { ...user, password, labels, isBroken: this.#faults.length > found };
  }

  #labelLists({ value, line }: Member): ReadonlyMap<string, readonly string[]> {
    const labels = new Map<string, readonly string[]>();
    if (!isMap(value)) {
      this.#fault(line, "labels is a mapping of lists, such as {group: [ml]}; write it so");
      return labels;
    }
    for (const member of this.#members(value)) {
      if (!isNothing(member.value)) labels.set(member.key, this.#texts(member));
    }
    return labels;
  }

  #entries({ value, line }: Member): readonly RawEntry[] {
    if (isSeq(value)) {
      return value.items.map((item) => this.#entry(this.#follow(item), this.#lineOf(item, line)));
    }
    this.#fault(line, "acl is a list of entries, each with match and actions; write it so");
    return [];
  }

  #entry(node: unknown, line: number): RawEntry {
    const found = this.#faults.length;
    const texts = new Map<string, string>();
    let labels: ReadonlyMap<string, string> = new Map();
    let actions: readonly string[] | null = null;
    let match: Member | null = null;
    if (!isMap(node)) this.#fault(line, "an entry of acl has match and actions; mend it");
    for (const member of isMap(node) ? this.#members(node) : []) {
      if (member.key === "comment" || isNothing(member.value)) continue;
      if (member.key === "match") match = member;
      else if (member.key === "actions") actions = this.#texts(member);
      else this.#unknown(member, "an entry has match, actions and comment");
    }
    for (const member of match === null ? [] : this.#conditions(match)) {
      if (isNothing(member.value)) continue;
      if (member.key === "labels") labels = this.#labelTexts(member);
      else if (!MATCH_KEYS.includes(member.key))
        this.#unknown(member, `match has ${MATCH_KEYS.join(", ")}`);
      else texts.set(member.key, this.#text(member) ?? "");
    }
    if (isMap(node) && match === null) this.#fault(line, "the entry has no match; {} matches all");
    if (isMap(node) && actions === null)
      this.#fault(line, "the entry has no actions; [] is to deny, [pull] to allow pulls");
    const get = (key: string): string | null => texts.get(key) ?? null;
    return {
      line,
      account: get("account"),
      type: get("type"),
      name: get("name"),
      service: get("service"),
      ip: get("ip"),
      labels,
      actions: actions ?? [],
      isBroken: this.#faults.length > found,
    };
  }

  #conditions({ value, line }: Member): readonly Member[] {
    if (isMap(value)) return this.#members(value);
    this.#fault(line, "match is a mapping such as {account: alice}; write it so");
    return [];
  }

  #labelTexts({ value, line }: Member): ReadonlyMap<string, string> {
    if (!isMap(value)) {
      this.#fault(line, "labels of a match is a mapping such as {group: ml}; write it so");
      return new Map();
    }
    return new Map(this.#members(value).map((member) => [member.key, this.#text(member) ?? ""]));
  }

  /** The members of a mapping, aliases followed. */
  #members(map: YAMLMap): readonly Member[] {
    return map.items.flatMap(({ key, value }) => {
      const line = this.#lineOf(key, this.#lineOf(map, 1));
      const name = textOf(this.#follow(key));
      if (name === null || name === "<<") {
        this.#fault(line, "merge keys (<<) and keys that are no text are not read; write it out");
        return [];
      }
      return [{ key: name, line, value: this.#follow(value) }];
    });
  }

  #texts(member: Member): readonly string[] {
    if (!isSeq(member.value)) {
      this.#fault(member.line, `${member.key} is a list; write [a, b]`);
      return [];
    }
    return member.value.items.flatMap((item) => {
      const text = textOf(this.#follow(item));
      if (text === null) this.#fault(member.line, `${member.key} holds something that is no text`);
      return text === null ? [] : [text];
    });
  }

  #text({ key, line, value }: Member): string | null {
    const text = textOf(value);
    if (text === null) this.#fault(line, `${key} is a text; write it so`);
    return text;
  }

  #unknown({ key, line }: Member, rule: string): void {
    this.#fault(line, `${JSON.stringify(key)} is not read: ${rule}; leave it out`);
  }

  #fault(line: number, message: string): void {
    this.#faults.push({ line, message });
  }

  #follow(node: unknown): unknown {
    return isAlias(node) ? node.resolve(this.#document) : node;
  }

  #lineOf(node: unknown, otherwise: number): number {
    const range = (node as { readonly range?: readonly number[] | null } | null)?.range;
    return range?.[0] === undefined ? otherwise : this.#lineAt(range[0]);
  }
}

/** An empty value, `null` or `~`: as if it were not there. */
function isNothing(value: unknown): boolean {
  return value === null || value === undefined || (isScalar(value) && value.value === null);
}

/** As it stands there: `on`, `007` and `1e3` are the texts that docker_auth takes them for. */
function textOf(node: unknown): string | null {
  if (!isScalar(node)) return null;
  return typeof node.value === "string" ? node.value : (node.source ?? null);
}
