// The story of the demo: who does what, what is promised, and why it comes out so.
import type { Client, DemoImage, Person } from "./client.js";
import type { Servers } from "./servers.js";
import type { Command } from "./stage.js";

/** What the last command of a step must come to; those before it must succeed. */
export interface Promised {
  /** For the verdict: `allowed`, `denied`, … */
  readonly word: string;
  readonly isSuccess: boolean;
  /** Part of what a person must read: a registry that is down is no denial. */
  readonly says: RegExp;
}

export interface Step {
  readonly title: string;
  readonly commands: readonly Command[];
  /** Run before, not shown. */
  readonly before?: readonly Command[];
  readonly promised: Promised;
  readonly why: string;
  /** What happened just before the last command: `after the account was disabled`. */
  readonly since?: string;
}

const DONE: Promised = { word: "done", isSuccess: true, says: /./ };
const ALLOWED: Promised = { word: "allowed", isSuccess: true, says: /./ };
const LOGGED_IN: Promised = { word: "logged in", isSuccess: true, says: /Login Succeeded/ };
const DENIED: Promised = {
  word: "denied",
  isSuccess: false,
  says: /denied|unauthorized|authentication required/i,
};
const REFUSED: Promised = {
  word: "refused",
  isSuccess: false,
  says: /unauthorized|not active/i,
};
const EXPLAINED: Promised = {
  word: "no, and why",
  isSuccess: false,
  says: /dockwarden access grant/,
};

const APP: DemoImage = { name: "team/app:1", source: "app" };
const CHANGE: DemoImage = { name: "team/app:2", source: "change" };
const VAULT: DemoImage = { name: "team/vault:1", source: "vault" };
const BASE: DemoImage = { name: "public/base:1", source: "base" };

/** Everything that is pushed somewhere in the story. */
export const IMAGES: readonly DemoImage[] = [APP, CHANGE, VAULT, BASE];

/** People who get a password. */
export const ACCOUNTS: readonly Person[] = ["developer", "reader"];

/** The steps in order; each builds on those before it. */
export function tellStory(client: Client, { dockwarden }: Servers): readonly Step[] {
  const pull = (person: Person, image: DemoImage): Pick<Step, "before" | "commands"> => ({
    before: client.forget(image),
    commands: client.pull(person, image),
  });
  const addUser = (name: Person, permissions: string): Command =>
    dockwarden(
      ["user", "add", name, "--permissions", permissions, "--password-stdin"],
      `${name}.password`,
    );
  return [
    {
      title: "The admin makes two accounts",
      commands: [addUser("developer", "view,pull,push"), addUser("reader", "view,pull")],
      promised: DONE,
      why: "Permissions are a ceiling: no grant will ever let the reader push.",
    },
    {
      title: "The admin says who gets which image",
      commands: [
        dockwarden(["image", "register", "team/app", "--users", "developer,reader"]),
        dockwarden(["image", "register", "team/vault", "--users", "developer"]),
        dockwarden(["image", "register", "public/base", "--public"]),
        dockwarden(["access", "grant", "public/base", "developer", "--actions", "pull,push"]),
      ],
      promised: DONE,
      why: "Two private images and a public one. What no entry names is closed.",
    },
    {
      title: "The developer logs in",
      commands: client.login("developer"),
      promised: LOGGED_IN,
      why: "The registry sent the client to Dockwarden, which checked the password.",
    },
    {
      title: "The developer pushes: two private images and a public one",
      commands: [APP, VAULT, BASE].flatMap((image) => client.push("developer", image)),
      promised: ALLOWED,
      why: "Dockwarden signed a token for pull and push, and the registry trusts it.",
    },
    {
      title: "The reader logs in",
      commands: client.login("reader"),
      promised: LOGGED_IN,
      why: "Logging in proves who somebody is; it opens no image yet.",
    },
    {
      title: "The reader pulls a private image",
      ...pull("reader", APP),
      promised: ALLOWED,
      why: "The reader is one of the users of team/app.",
    },
    {
      title: "The reader pushes to the same image",
      commands: client.push("reader", CHANGE),
      promised: DENIED,
      why: "The token came without push, so the registry itself refused.",
    },
    {
      title: "The reader pulls an image of the developer's",
      ...pull("reader", VAULT),
      promised: DENIED,
      why: "team/vault is the developer's alone. Every refusal can be explained:",
    },
    {
      title: "The admin asks why",
      commands: [dockwarden(["access", "check", "reader", "team/vault"])],
      promised: EXPLAINED,
      why: "Tokens are made of the same decision; the last line would change it.",
    },
    {
      title: "Somebody without an account pulls the public image",
      ...pull("nobody", BASE),
      promised: ALLOWED,
      why: "--public means that anybody may pull, and no more.",
    },
    {
      title: "… and the private one",
      ...pull("nobody", APP),
      promised: DENIED,
      why: "Nobody signed in, nothing granted.",
    },
    {
      title: "The admin disables the reader, who pulls again at once",
      before: client.forget(APP),
      commands: [dockwarden(["user", "disable", "reader"]), ...client.pull("reader", APP)],
      promised: REFUSED,
      since: "after the account was disabled",
      why: "The same pull as in step 6, the same login: it is worth nothing now.",
    },
  ];
}
