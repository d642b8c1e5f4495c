// What an import of docker_auth means: its outcome as images, and our decision on them.
import type { Permission } from "../../src/domain/action.js";
import { decide } from "../../src/domain/decision.js";
import type { GrantedImage, Subject } from "../../src/domain/image.js";
import type { Requester } from "../../src/domain/requester.js";
import type { Intake, PolicyState } from "../../src/domain/stated-policy.js";
import { readDockerAuth, type DockerAuthContext } from "../../src/intake/docker-auth.js";
import { findHashFault } from "../../src/crypto/stored-hash.js";
import type { SubjectName } from "../../src/domain/ports.js";
import { OFF } from "./policy.js";

export const SERVICES = ["registry", "mirror"];
export const EMPTY_STATE: PolicyState = { accounts: [], groups: [], images: [] };

/** Of `badmin`, which the test may sign in with. */
export const HASH = "$2y$05$LO.vzwpWC5LZGqThvEfznu8qhb5SGqvBSWY1J3yZ4AxtMRZ3kN5jC";

export function readWith(text: string, state: PolicyState = EMPTY_STATE): Intake {
  const hashes: DockerAuthContext["hashes"] = {
    findFault: findHashFault,
    originOf: (hash) => `sha256:${hash.length}`,
  };
  return readDockerAuth(text, { state, hashes, services: SERVICES });
}

const idOf = (name: string): number =>
  Array.from(name).reduce(
    (sum, letter) => (sum * 31 + (letter.codePointAt(0) ?? 0)) % 1_000_003,
    7,
  );

function toSubject(subject: SubjectName): Subject {
  switch (subject.kind) {
    case "account":
    case "group":
      return { ...subject, id: idOf(subject.name) };
    case "authenticated":
    case "anonymous":
      return subject;
  }
}

const toImages = ({ stated }: Intake): readonly GrantedImage[] =>
  (stated.images ?? []).map(({ pattern, isExclusive = false, grants }, id) => ({
    id,
    pattern,
    isExclusive,
    isImmutable: false,
    grants: grants.map(({ subject, actions }) => ({
      subject: toSubject(subject),
      actions,
      expiresAt: null,
      createdAt: 0,
    })),
  }));

const ALL: readonly Permission[] = ["view", "pull", "push", "delete"];

/** Answers for an account (`""`: nobody signed in) what it may do; accounts that were not imported have all permissions. */
export function openDecision(
  intake: Intake,
): (account: string, service: string, repository: string) => readonly string[] {
  const images = toImages(intake);
  return (account, service, repository) => {
    const requester =
      account === "" ? ({ kind: "anonymous" } as const) : toRequester(intake, account);
    const target = { service, repository, tag: null };
    return decide({ requester, target, images, policy: OFF }).allowed;
  };
}

function toRequester({ stated }: Intake, name: string): Requester {
  const account = stated.accounts?.find((one) => one.name === name);
  const groups = (stated.groups ?? []).filter(({ members }) => members.includes(name));
  return {
    kind: "account",
    id: idOf(name),
    name,
    accountKind: "user",
    permissions: account?.permissions ?? ALL,
    groups: groups.map((group) => ({ id: idOf(group.name), name: group.name })),
    ceiling: { kind: "none" },
  };
}
