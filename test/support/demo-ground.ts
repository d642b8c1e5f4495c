// Where a test lets the demo play: a home and a temporary folder of its own, and what may be left in them.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { expect } from "@jest/globals";
import type { Workspace } from "./workspace.js";

/** The demo's own home and temporary folder, both empty. */
export interface Ground {
  readonly home: string;
  readonly temp: string;
  readonly env: Readonly<Record<string, string>>;
}

/** Without an engine at `dockerHost` the demo takes docker-registry and skopeo. */
export async function openGround(
  workspace: Workspace,
  name: string,
  dockerHost = "unix:///nonexistent/docker.sock",
): Promise<Ground> {
  const home = await workspace.subfolder(`${name}-home`);
  const temp = await workspace.subfolder(`${name}-temp`);
  const PATH = process.env["PATH"] ?? "";
  return { home, temp, env: { PATH, HOME: home, TMPDIR: temp, DOCKER_HOST: dockerHost } };
}

/** No folder, no login, no process and no server of the demo is left. */
export async function expectNothingLeft(ground: Ground, transcript: string): Promise<void> {
  expect(readdirSync(ground.temp)).toEqual([]);
  expect(readdirSync(ground.home)).toEqual([]);
  expect(findProcesses(ground.temp)).toEqual([]);
  for (const host of readHosts(transcript)) {
    await expect(fetch(`http://${host}/`)).rejects.toThrow("fetch failed");
  }
}

/** Process ids whose environment names the folder: all that the demo starts has its home there. */
export function findProcesses(folder: string): readonly string[] {
  if (!existsSync("/proc/self/environ")) return [];
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/environ`, "utf8").includes(`HOME=${folder}/`);
      } catch {
        return false; // it has ended meanwhile
      }
    });
}

/** What stands under each step's title, in one line each. */
export function readSteps(transcript: string): ReadonlyMap<string, string> {
  const parts = transcript.split(/^ ?\d+ {2}(?=\S)/m).slice(1);
  return new Map(
    parts.map((part) => {
      const [title = "", ...lines] = part.split("\n");
      return [title, lines.map((line) => line.trim().replace(/ \\$/, "")).join(" ")];
    }),
  );
}

/** Dockwarden and the registry, as the transcript's head names them. */
export function readHosts(transcript: string): readonly string[] {
  const heads = transcript.matchAll(
    /^ {2}(?:Dockwarden|Registry) +(?:http:\/\/)?(localhost:\d+)/gm,
  );
  return [...heads].map(([, host]) => host ?? "");
}
