// The few regular expressions whose meaning is plain: fixed text with anchors, alternatives, and an open end. Never runs one.

/** `^text.*$`: what must come, and what may follow. */
export interface Shape {
  readonly isStart: boolean;
  readonly literal: string;
  /** Any characters, at least one, any but `/`, at least one but `/`, or nothing said. */
  readonly tail: "none" | "any" | "some" | "level" | "some-level";
  readonly isEnd: boolean;
}

const ONE_GROUP = /^([^()]*)\((?:\?:)?([^()]+)\)([^()]*)$/;
const ALTERNATIVES_MAX = 100;

/** The alternatives that together are the expression (without its slashes); null: it is none of the plain ones. */
export function readRegex(source: string): readonly Shape[] | null {
  const texts = alternativesOf(source);
  if (texts === null || texts.length > ALTERNATIVES_MAX) return null;
  const shapes = texts.map(readShape);
  return shapes.every((shape) => shape !== null) ? shapes : null;
}

function alternativesOf(source: string): readonly string[] | null {
  // A bracket behind a backslash is text, and rare enough to be left alone.
  if (/\\[()|]/.test(source)) return null;
  if (!/[()]/.test(source)) return source.split("|");
  const [, before = "", group = "", after = ""] = ONE_GROUP.exec(source) ?? [];
  const isPlain = group !== "" && !/[|]/.test(before + after) && !/^[*+?{]/.test(after);
  return isPlain ? group.split("|").map((text) => before + text + after) : null;
}

const SHAPE =
  /^(\^?)((?:[A-Za-z0-9_/@ -]|\\[^A-Za-z0-9])*)(\.\*|\.\+|\[\^\/\]\*|\[\^\/\]\+)?(\$?)$/;
const TAILS: Readonly<Record<string, Shape["tail"]>> = {
  ".*": "any",
  ".+": "some",
  "[^/]*": "level",
  "[^/]+": "some-level",
};

function readShape(text: string): Shape | null {
  const match = SHAPE.exec(text);
  if (match === null) return null;
  const [, start = "", literal = "", tail = "", end = ""] = match;
  // In a pattern of ours it would be one.
  if (literal.includes("*")) return null;
  return {
    isStart: start !== "",
    literal: literal.replace(/\\(.)/gs, "$1"),
    tail: TAILS[tail] ?? "none",
    isEnd: end !== "",
  };
}

/** True where the text (without line breaks) fits: anywhere in it, unless anchors say otherwise. */
export function fitsShape(shape: Shape, text: string): boolean {
  const { literal, isStart } = shape;
  for (let at = text.indexOf(literal); at !== -1; at = text.indexOf(literal, at + 1)) {
    if (isStart && at > 0) return false;
    if (fitsTail(shape, text.slice(at + literal.length))) return true;
    if (at === text.length) return false;
  }
  return false;
}

function fitsTail({ tail, isEnd }: Shape, rest: string): boolean {
  switch (tail) {
    case "none":
      return !isEnd || rest === "";
    case "any":
      return true;
    case "some":
      return rest !== "";
    case "level":
      return !isEnd || !rest.includes("/");
    case "some-level":
      return rest !== "" && !(isEnd ? rest.includes("/") : rest.startsWith("/"));
  }
}

/** True where it fits every text that is not empty and holds no `/`, as every account's name is. */
export function fitsEveryName({ isStart, isEnd, literal, tail }: Shape): boolean {
  return literal === "" && !(isStart && isEnd && tail === "none");
}

/** The patterns that name exactly the repositories whose names fit; null where patterns can't. */
export function repositoriesOf(shape: Shape): readonly string[] | null {
  const { isStart, isEnd, literal, tail } = shape;
  if (!isStart) return literal === "" ? ["**"] : null;
  const isLevel = literal === "" || literal.endsWith("/");
  const beginning = isLevel ? [`${literal}**`] : [`${literal}*`, `${literal}*/**`];
  switch (tail) {
    case "none":
      return isEnd ? [literal] : beginning;
    case "any":
      return beginning;
    case "some":
      return isLevel ? beginning : null;
    case "level":
      return isEnd ? [`${literal}*`] : beginning;
    case "some-level":
      if (!isLevel) return null;
      return isEnd ? [`${literal}*`] : beginning;
  }
}
