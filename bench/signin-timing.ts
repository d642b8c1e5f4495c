// Do answers to wrong sign-ins take equally long? THREATS B02 on a real server with its default hash, one request after the other.
import "./own-rings.js";
import { writeFile } from "node:fs/promises";
import { Database } from "../src/storage/sqlite/engine.js";
import { addUser, passwordOf, spawnServer, type TestServer } from "../test/support/spawn-server.js";
import { openWorkspace } from "../test/support/workspace.js";

const SAMPLES = Number(process.argv[2] ?? 200);
const WARM_UP = 10;
const ROUNDS = ["first", "second"] as const;
const WRONG = "wrong-harbour-lantern-1";

interface Kind {
  readonly what: string;
  readonly name: string;
  readonly password: string;
}

interface Measured extends Kind {
  readonly milliseconds: number[];
  /** Status, body and names of headers, each form once. */
  readonly forms: Set<string>;
}

/** The defaults, and limits so high that no sample waits. */
const ENV = {
  DOCKWARDEN_PASSWORDS__ARGON2__MEMORY_KIB: "19456",
  DOCKWARDEN_PASSWORDS__ARGON2__ITERATIONS: "2",
  DOCKWARDEN_THROTTLE__ACCOUNT_FAILURES: "100",
  DOCKWARDEN_THROTTLE__ADDRESS_FAILURES: "100000",
};

const OLDER: Kind = { what: "older parameters, wrong password", name: "older", password: WRONG };
const KINDS: readonly Kind[] = [
  { what: "unknown user", name: "nobody", password: WRONG },
  { what: "wrong password", name: "alice", password: WRONG },
  { what: "disabled, right password", name: "carol", password: passwordOf("carol") },
  OLDER,
];

/** Each sample is another account, or the server knows the password from the last one and needs no hash. */
const nameOf = (name: string, round: string, at: number): string =>
  `${name}-${round}-${at + WARM_UP}`;

/** As many accounts with the same password as there are samples. */
function copyAccounts(server: TestServer): void {
  const store = new Database(server.env["DOCKWARDEN_STORAGE__PATH"] ?? "");
  const columns = `kind, permissions, email, is_enabled, expires_at, created_at, password_hash, password_changed_at`;
  const copy = store.prepare(
    `INSERT INTO account (name, ${columns}) SELECT ?, ${columns} FROM account WHERE name = ?`,
  );
  store.transaction(() => {
    for (const { name } of KINDS) {
      for (const round of ROUNDS) {
        for (let at = -WARM_UP; at < SAMPLES; at += 1) copy.run(nameOf(name, round, at), name);
      }
    }
  })();
  store.close();
}

async function ask(server: TestServer, { name, password }: Kind): Promise<string> {
  const answer = await fetch(`http://127.0.0.1:${server.port}/token?service=registry`, {
    headers: { authorization: `Basic ${Buffer.from(`${name}:${password}`).toString("base64")}` },
  });
  const names = [...answer.headers.keys()].sort().join();
  return `${answer.status} ${names} ${await answer.text()}`;
}

/** One of each kind in turn, so that whatever else the machine does falls on all of them. */
async function measure(server: TestServer, round: string): Promise<readonly Measured[]> {
  const all = KINDS.map((kind): Measured => ({ ...kind, milliseconds: [], forms: new Set() }));
  for (let at = -WARM_UP; at < SAMPLES; at += 1) {
    for (const kind of all) {
      const start = performance.now();
      const form = await ask(server, { ...kind, name: nameOf(kind.name, round, at) });
      if (at < 0) continue;
      kind.milliseconds.push(performance.now() - start);
      kind.forms.add(form);
    }
  }
  return all;
}

function quantile(values: readonly number[], part: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;
}

/** Half of all samples lie within so much of the median: what one request can tell. */
const spreadOf = ({ milliseconds }: Measured): number =>
  (quantile(milliseconds, 0.75) - quantile(milliseconds, 0.25)) / 2;

function print(title: string, all: readonly Measured[]): void {
  console.log(`\n${title} (${SAMPLES} of each, interleaved, milliseconds)`);
  for (const kind of all) {
    const [p25, median, p75, p95] = [0.25, 0.5, 0.75, 0.95].map((part) =>
      quantile(kind.milliseconds, part).toFixed(2),
    );
    console.log(
      `  ${kind.what.padEnd(40)} median ${median}   quartiles ${p25} to ${p75}   p95 ${p95}`,
    );
  }
}

function printEquality(all: readonly Measured[]): void {
  const medians = all.map(({ milliseconds }) => quantile(milliseconds, 0.5));
  const apart = Math.max(...medians) - Math.min(...medians);
  const spread = Math.min(...all.map(spreadOf));
  const share = ((100 * apart) / Math.min(...medians)).toFixed(1);
  console.log(
    `  medians at most ${apart.toFixed(2)} ms apart (${share} %); half of the samples of one kind lie within ${spread.toFixed(2)} ms`,
  );
}

const workspace = await openWorkspace();
try {
  const server = await spawnServer(workspace, { env: ENV });
  for (const name of ["alice", "carol"]) await addUser(server, name, "view,pull");
  await server.mustCli(["user", "disable", "carol"]);
  const lighter = { ...server.env, DOCKWARDEN_PASSWORDS__ARGON2__MEMORY_KIB: "7168" };
  const file = `${workspace.folder}/older-password`;
  await writeFile(file, `${passwordOf("older")}\n`, { mode: 0o600 });
  await server.cliWith(lighter, ["user", "add", "older", "--password-file", file]);

  copyAccounts(server);
  const first = await measure(server, "first");
  print("Wrong sign-ins", first);
  printEquality(first.slice(0, 3));
  console.log(
    "  a hash with older parameters costs what it costs until its account's next sign-in:",
  );
  for (let at = -WARM_UP; at < SAMPLES; at += 1) {
    const good = { name: nameOf(OLDER.name, "second", at), password: passwordOf("older") };
    const answer = await ask(server, { ...OLDER, ...good });
    if (!answer.startsWith("200")) throw new Error(`the good sign-in was answered ${answer}`);
  }
  const second = await measure(server, "second");
  print("After that sign-in", second);
  printEquality(second);
  const forms = new Set([...first, ...second].flatMap((kind) => [...kind.forms]));
  console.log(`\nDifferent answers (status, header names, body) among all of them: ${forms.size}`);
  if (forms.size !== 1) process.exitCode = 1;
} finally {
  await workspace.close();
}
