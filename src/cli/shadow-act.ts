// The shadow run as a command: files and options in, both sides asked, the report out.
import { setTimeout as pause } from "node:timers/promises";
import type { AdminContext } from "../admin/admin-context.js";
import { QuestionList, type Question } from "../admin/shadow-questions.js";
import { ShadowRun, type Difference, type Hopeless } from "../admin/shadow-run.js";
import { openShadow } from "../app.js";
import type { LoadedConfig } from "../config/load-config.js";
import { CliExit } from "./exit.js";
import { openLogFile, openLogPipe, type LineSource, type SomeLines } from "./log-lines.js";
import { printable } from "./output.js";
import { readCertificate, readPasswords, type Passwords } from "./peer-passwords.js";
import type { Session } from "./session.js";
import type { ShadowOptions } from "./shadow.js";
import {
  describeDifference,
  describeReport,
  toPublicDifference,
  toReport,
} from "./shadow-report.js";
import { toCount, toService } from "./words.js";

const RATE_MAX = 1000;
const POLL_MILLISECONDS = 500;
/** Between two looks at the clock. */
const QUESTIONS_AT_ONCE = 40;
const NO_LINES: SomeLines = { lines: [], isCaughtUp: false };
const ENDING_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** What the options say, with every file read. */
interface Order {
  readonly peer: URL;
  readonly log: LineSource;
  readonly passwords: Passwords;
  readonly trusted: string | null;
  readonly perSecond: number;
  readonly everySeconds: number;
  readonly isFollowed: boolean;
  readonly signal: AbortSignal;
}

interface Run {
  readonly run: ShadowRun;
  readonly questions: QuestionList;
}

/** Exit 0 where nothing differs, 1 where something does, 2 where nothing could be compared, 3 where the peer can't be. */
export async function runShadow(session: Session, options: ShadowOptions): Promise<void> {
  const ending = new AbortController();
  const end = (): void => {
    ending.abort();
  };
  for (const name of ENDING_SIGNALS) process.on(name, end);
  let log: LineSource | null = null;
  try {
    // NOTE before the store is opened: that makes root its owner, who may read less.
    const order = await readOrder(session, options, ending.signal);
    ({ log } = order);
    await session.withAdmin((context, loaded) => act(session, options, order, { context, loaded }));
  } finally {
    for (const name of ENDING_SIGNALS) process.off(name, end);
    await log?.close();
  }
}

async function readOrder(
  { io }: Session,
  options: ShadowOptions,
  signal: AbortSignal,
): Promise<Order> {
  const peer = readPeer(options);
  const perSecond = toCount("--rate", options.rate, 1);
  if (perSecond > RATE_MAX) throw new CliExit(2, `--rate takes at most ${RATE_MAX}`);
  return {
    peer,
    perSecond,
    everySeconds: toCount("--every", options.every, 1),
    passwords: options.passwords === undefined ? () => null : readPasswords(options.passwords),
    trusted: options.cacert === undefined ? null : readCertificate(options.cacert),
    isFollowed: options.follow === true,
    signal,
    log:
      options.log === "-"
        ? openLogPipe(io.stdin)
        : await openLogFile(options.log, options.follow === true),
  };
}

/** Name and password in the address would end up in a shell's history (house rule 17). */
function readPeer(options: ShadowOptions): URL {
  const url = URL.canParse(options.peer) ? new URL(options.peer) : null;
  if (url?.username !== "" || url.password !== "" || !/^https?:$/.test(url.protocol)) {
    throw new CliExit(
      2,
      "--peer takes an http or https URL without name and password, such as https://auth.example.com/auth",
    );
  }
  const isOpen = url.protocol === "http:" && !isLoopback(url.hostname);
  if (isOpen && options.passwords !== undefined && options.insecure !== true) {
    throw new CliExit(
      2,
      `${url.origin} is plain HTTP: everybody on the way could read the passwords; give its https address, ask from the machine it runs on, or add --insecure where the network is yours alone`,
    );
  }
  url.hash = "";
  return url;
}

const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(host);

async function act(
  session: Session,
  options: ShadowOptions,
  order: Order,
  { context, loaded }: { readonly context: AdminContext; readonly loaded: LoadedConfig },
): Promise<void> {
  const { services } = context.settings;
  const questions = new QuestionList({
    services,
    service: options.service === undefined ? null : toService(options.service, services),
    peerService: options.peerService ?? null,
    tokenPath: order.peer.pathname,
  });
  const { peer, trusted, perSecond, signal, isFollowed } = order;
  const shadow = await openShadow({ peer, trusted, perSecond, signal, context });
  const run = new ShadowRun({
    askPeer: shadow.askPeer,
    authorize: shadow.authorize,
    passwordOf: order.passwords,
    arePasswordsUsed: loaded.config.passwords.use === "on",
    context,
    onChange: isFollowed
      ? (change, difference) => {
          tell(session, change, difference, services);
        }
      : () => undefined,
    signal,
  });
  try {
    const hopeless = await readAll(session, { run, questions }, order);
    finish(session, { run, questions }, order, { hopeless, loaded });
  } finally {
    session.progress(null);
    shadow.close();
  }
}

/** Reads the log and asks, until its end or, followed, until nothing differs. */
async function readAll(
  session: Session,
  { run, questions }: Run,
  { log, isFollowed, everySeconds, signal }: Order,
): Promise<Hopeless | null> {
  const hasEnded = (): boolean => signal.aborted || session.io.isReaderGone?.() === true;
  let askedAt = performance.now();
  const waiting: Question[] = [];
  while (!hasEnded()) {
    const some = waiting.length > 0 ? NO_LINES : await log.next();
    waiting.push(...some.lines.flatMap((line) => questions.add(line)));
    const isDue = isFollowed && performance.now() - askedAt >= everySeconds * 1000;
    const asked = waiting.splice(0, QUESTIONS_AT_ONCE);
    const hopeless = (await run.compare(asked)) ?? (isDue ? await run.again() : null);
    if (isDue) askedAt = performance.now();
    if (hopeless !== null) return hopeless;
    const { compared, differing } = run.counts;
    session.progress(`${compared} questions compared, ${differing} differ`);
    if (!some.isCaughtUp || waiting.length > 0) continue;
    if (!isFollowed || (compared > 0 && differing === 0)) return null;
    await pause(POLL_MILLISECONDS, undefined, { signal }).catch(() => undefined);
  }
  return null;
}

/** With --follow: one difference, or that it is gone, as soon as that is known. */
function tell(
  session: Session,
  change: "found" | "solved",
  difference: Difference,
  services: readonly string[],
): void {
  session.progress(null);
  if (session.isJson) {
    const event = { event: change, ...toPublicDifference(difference) };
    session.io.out(`${printable(JSON.stringify(event))}\n`);
    return;
  }
  const [head = "", ...rest] = describeDifference(difference, services);
  const lines = change === "solved" ? [`solved: ${head}`] : [head, ...rest];
  session.io.out(`${printable(lines.join("\n"))}\n`);
}

function finish(
  session: Session,
  { run, questions }: Run,
  { isFollowed, signal }: Order,
  end: { readonly hopeless: Hopeless | null; readonly loaded: LoadedConfig },
): void {
  session.progress(null);
  const { hopeless, loaded } = end;
  const report = toReport(run, questions.read, {
    services: loaded.config.token.services,
    isEnded: signal.aborted,
    arePasswordsUsed: loaded.config.passwords.use === "on",
  });
  const { compared, differences } = report;
  if (hopeless !== null && compared === 0) throw new CliExit(3, hopeless.why);
  if (compared === 0) throw nothingCompared(run, questions);
  if (isFollowed && session.isJson) {
    session.io.out(`${printable(JSON.stringify({ event: "end", ...report.json }))}\n`);
  } else {
    session.answer(report.json, `${describeReport(report, isFollowed).join("\n")}\n`);
  }
  if (hopeless !== null) throw new CliExit(3, `not all was compared: ${hopeless.why}`);
  if (differences.length > 0 || (signal.aborted && !isFollowed)) throw new CliExit(1, "");
}

/** Silence about differences must not look like agreement. */
function nothingCompared(run: ShadowRun, { read }: QuestionList): CliExit {
  const failed = run.gaps("peer-failed");
  if (failed.questions > 0) return new CliExit(3, `nothing was compared: ${run.lastFailure}`);
  const { accounts } = run.gaps("no-password");
  if (accounts.length > 0) {
    const words = `no password for ${accounts.slice(0, 5).join(", ")}${accounts.length > 5 ? ", …" : ""}`;
    return new CliExit(
      2,
      `nothing was compared: ${words}; give --passwords FILE with lines NAME:PASSWORD`,
    );
  }
  if (run.gaps("no-sign-in").questions > 0) {
    return new CliExit(
      2,
      "nothing was compared: neither side takes a password of the file; correct it",
    );
  }
  const words =
    read.posts > 0
      ? `; ${read.posts} POST requests have their scope in a body that no log has`
      : "";
  return new CliExit(
    2,
    `nothing was compared: the ${read.lines} lines hold no token request that can be${words}; see dockwarden shadow --help`,
  );
}
