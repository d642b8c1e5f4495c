// What a shadow run found, in lines for people and as data for scripts; never a password.
import type { LinesRead, Sample } from "../admin/shadow-questions.js";
import type { Difference, ShadowRun } from "../admin/shadow-run.js";
import type { Given } from "../admin/shadow-compare.js";

export interface Report {
  readonly compared: number;
  readonly accounts: number;
  readonly differences: readonly Difference[];
  /** What was not compared, and why; a line each. */
  readonly gaps: readonly string[];
  /** What is worth knowing beside it. */
  readonly notes: readonly string[];
  readonly services: readonly string[];
  readonly isEnded: boolean;
  readonly json: object;
}

interface ReportSettings {
  readonly services: readonly string[];
  /** Somebody ended it early. */
  readonly isEnded: boolean;
  readonly arePasswordsUsed: boolean;
}

const NAMES_MAX = 10;

/** Everything that was found up to now. */
export function toReport(run: ShadowRun, read: LinesRead, settings: ReportSettings): Report {
  const { compared } = run.counts;
  const accounts = run.countAccounts();
  const { differences } = run;
  const { services, isEnded } = settings;
  const gaps = [...describeGaps(run), ...describeLines(read)];
  const notes = describeNotes(run, read, settings);
  const json = {
    compared,
    accounts,
    differ: differences.length,
    ended: isEnded,
    differences: differences.map(toPublicDifference),
    notCompared: {
      noPassword: run.gaps("no-password"),
      noSignIn: run.gaps("no-sign-in"),
      peerFailed: { ...run.gaps("peer-failed"), why: run.lastFailure },
      strangeNames: read.strangeNames,
      strangeScopes: read.strangeScopes,
      malformed: read.malformed,
      posts: read.posts,
      refusedThere: read.refused,
      tooLong: read.tooLong,
      beyond: read.beyond,
    },
    lines: { read: read.lines, requests: read.requests, other: read.other },
    notes,
  };
  return { compared, accounts, differences, gaps, notes, services, isEnded, json };
}

/** Data of one difference. */
export function toPublicDifference(difference: Difference): object {
  const { question, asked, peer, own, less, more, reasons, command } = difference;
  const { account, service, scope } = question;
  return {
    account: account?.spelled ?? null,
    service,
    scope: scope === null ? null : `${scope.type}:${scope.name}`,
    asked,
    peer,
    dockwarden: own,
    less,
    more,
    reasons,
    command,
  };
}

/** The difference in one line, why it is so, and the command that would end it. */
export function describeDifference(
  difference: Difference,
  services: readonly string[],
): readonly string[] {
  const { question, asked, peer, own, less, more, reasons, command } = difference;
  const { account, scope, service } = question;
  const where = service === services[0] ? "" : ` on ${service}`;
  const what =
    scope === null
      ? `sign-in  peer ${formatSignIn(peer)}  dockwarden ${formatSignIn(own)}`
      : `${scope.type}:${scope.name}${where}  asked ${asked.join(",")}  peer ${format(peer)}  dockwarden ${format(own)}`;
  const change = [
    ...(less.length === 0 ? [] : [`less: ${less.join(",")}`]),
    ...(more.length === 0 ? [] : [`more: ${more.join(",")}`]),
  ];
  return [
    `${account?.spelled ?? "@anonymous"}  ${what}  ${change.join("  ")}`,
    ...reasons.map((reason) => `  ${reason}`),
    ...(command === null ? [] : [`  to change that: ${command}`]),
  ];
}

function format(given: Given): string {
  if (given === null) return "refused";
  return given.length === 0 ? "nothing" : given.join(",");
}

const formatSignIn = (given: Given): string => (given === null ? "refused" : "accepted");

/** The lines of the end; `isTold`: differences were told as they came, and are only repeated in short. */
export function describeReport(report: Report, isTold: boolean): readonly string[] {
  const { compared, accounts, differences, gaps, notes, services, isEnded } = report;
  const shown = differences.map((difference) => describeDifference(difference, services));
  const left = isTold ? shown.map(([head = ""]) => `left: ${head}`) : shown.flat();
  const sum = `${count(compared, "question")} of ${count(accounts, "account")} compared, ${differences.length} differ`;
  return [
    ...left,
    ...(left.length > 0 ? [""] : []),
    isEnded ? `${sum}; ended before the end` : sum,
    ...gaps.map((line) => `not compared: ${line}`),
    ...notes.map((line) => `note: ${line}`),
  ];
}

function describeGaps(run: ShadowRun): readonly string[] {
  const lines: string[] = [];
  const noPassword = run.gaps("no-password");
  if (noPassword.questions > 0) {
    const { accounts } = noPassword;
    lines.push(
      `${count(noPassword.questions, "question")}: no password for ${count(accounts.length, "account")} (${list(accounts)}): give --passwords FILE`,
    );
  }
  const noSignIn = run.gaps("no-sign-in");
  if (noSignIn.questions > 0) {
    lines.push(
      `${count(noSignIn.questions, "question")} of accounts that don't get in on both sides (${list(noSignIn.accounts)}): mend their sign-in, or their line in the file of passwords`,
    );
  }
  const failed = run.gaps("peer-failed");
  if (failed.questions > 0) {
    lines.push(
      `${count(failed.questions, "question")} (${list(failed.accounts)}): ${run.lastFailure}`,
    );
  }
  return lines;
}

function describeLines(read: LinesRead): readonly string[] {
  const parts: readonly (readonly [number, string])[] = [
    [
      read.strangeNames.count,
      `by names that no account here can have (${sample(read.strangeNames)})`,
    ],
    [read.strangeScopes.count, `for what is nothing to a registry (${sample(read.strangeScopes)})`],
    [read.malformed.count, `that Dockwarden refuses as malformed (${sample(read.malformed)})`],
    [read.posts, "by POST, whose scope no log has: logins that are kept, containerd, BuildKit"],
    [read.refused, "that the peer refused to sign in when they were made (401)"],
  ];
  return [
    ...parts
      .filter(([number]) => number > 0)
      .map(([number, what]) => `${count(number, "request")} ${what}`),
    ...(read.tooLong > 0 ? [`${count(read.tooLong, "line")} longer than 16 KiB`] : []),
    ...(read.beyond > 0
      ? [`${count(read.beyond, "request")} beyond 100000 distinct ones: give the log in parts`]
      : []),
  ];
}

function describeNotes(
  run: ShadowRun,
  read: LinesRead,
  { services, arePasswordsUsed }: ReportSettings,
): readonly string[] {
  const notes: string[] = [];
  if (read.strangeServices.count > 0) {
    notes.push(
      `the log's service (${sample(read.strangeServices)}) is none of token.services and was taken for ${services[0] ?? ""}; --service NAME says otherwise`,
    );
  }
  if (run.beyond.length > 0) {
    notes.push(
      `the peer gave more than was asked for (${list(run.beyond)}); what nobody asked for is not compared`,
    );
  }
  if (!arePasswordsUsed) {
    notes.push(
      "passwords.use is tokens-only: no password signs in here, so rights were compared, and passwords were not",
    );
  }
  return notes;
}

const count = (number: number, noun: string): string =>
  `${number} ${noun}${number === 1 ? "" : "s"}`;

/** Some of the names: JSON has all. */
function list(names: readonly string[]): string {
  const more = names.length - NAMES_MAX;
  return `${names.slice(0, NAMES_MAX).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}

/** What is in a log is printed as it stands; a comma and a bracket in it do no harm. */
const sample = ({ words }: Sample): string => list(words.map((word) => word.replace(/\s/g, " ")));
