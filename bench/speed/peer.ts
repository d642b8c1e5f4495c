// Another token server beside ours, named by BENCH_PEER_URL: the same load, its own rows, nothing known of its process.
import { err, ok, type Result } from "../../src/domain/result.js";
import type { Question } from "./cases.js";
import { expectAnyToken } from "./checks.js";
import type { Ground } from "./ground.js";
import { checkAnswers, measureInTurns } from "./measure.js";
import { basic } from "./requests.js";

export interface Peer {
  /** HOST:PORT */
  readonly host: string;
  /** With query. */
  readonly path: string;
  readonly login: { readonly user: string; readonly password: string } | null;
}

const LOOPBACK = /^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/;

/** Answers the peer, null where none is named, or what is wrong in one sentence. */
export function readPeer(
  environment: Readonly<Record<string, string | undefined>>,
): Result<Peer | null, string> {
  const text = environment["BENCH_PEER_URL"] ?? "";
  if (text === "") return ok(null);
  if (!URL.canParse(text)) return err("BENCH_PEER_URL is not a URL");
  const url = new URL(text);
  if (url.protocol !== "http:") return err("BENCH_PEER_URL must begin with http://");
  if (!LOOPBACK.test(url.hostname))
    return err("BENCH_PEER_URL must name this machine: localhost, 127.0.0.1 or [::1]");
  if (url.username !== "" || url.password !== "")
    return err("BENCH_PEER_URL takes no password; use BENCH_PEER_USER and BENCH_PEER_PASSWORD");
  const user = environment["BENCH_PEER_USER"] ?? "";
  const password = environment["BENCH_PEER_PASSWORD"] ?? "";
  if ((user === "") !== (password === ""))
    return err("BENCH_PEER_USER and BENCH_PEER_PASSWORD go together");
  const port = url.port === "" ? "80" : url.port;
  return ok({
    host: `${url.hostname}:${port}`,
    path: `${url.pathname}${url.search}`,
    login: user === "" ? null : { user, password },
  });
}

/** A row for anonymous requests, and one for the same password again and again. */
export async function measurePeer(ground: Ground, { host, path, login }: Peer): Promise<void> {
  const { pace, pinned, report, workspace } = ground;
  const measure = async (name: string, headers: Readonly<Record<string, string>>) => {
    ground.say(name);
    const request = { method: "GET", path, headers } as const;
    const question: Question = { request, check: expectAnyToken };
    await checkAnswers(name, host, [question]);
    const contender = { target: { host, pid: null }, lanes: [{ requests: [request], share: 1 }] };
    const plan = { name, placement: pinned, folder: workspace.folder };
    const [ours = []] = await measureInTurns([contender], pace, plan);
    report.addRow({ name, ours, floor: [] });
  };
  await measure("peer, anonymous", {});
  if (login !== null) await measure("peer, password", basic(login.user, login.password));
}
