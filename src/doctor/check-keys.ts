// Can tokens be signed, for how long yet, and do registries get what the keys say?
import { dirname } from "node:path";
import type { TrustFile } from "../domain/examination.js";
import { fault, quote, splitAdvice, warning, type Finding, type Mend } from "./finding.js";
import { command, commandOf, RESTART_REGISTRY, type Site } from "./site.js";
import { statPlace } from "./stat-place.js";

/** Keys and the trust folder. */
export function checkKeys(site: Site): readonly Finding[] {
  const { keys } = site;
  const dockwarden = commandOf(site.loaded, true);
  const modes = keys.modes.map((sentence) => {
    const { what, mend } = splitAdvice(sentence, dockwarden);
    const isStrict = site.loaded.config.keys.modeCheck === "strict";
    return (isStrict ? fault : warning)("keys.insecure", what, mend);
  });
  const endings = keys.endings.map((sentence) => explainEnding(site, sentence));
  const files = keys.ring?.trustFiles ?? [];
  return [
    ...modes,
    ...checkRing(site),
    ...endings,
    ...files.flatMap((file) => checkTrust(site, file)),
    ...(site.keys.ring?.straySecrets ?? []).map((path) => explainStray(site, path)),
  ];
}

/** A CA that was prepared already must not be prepared again: registries may trust it by now. */
function explainEnding(site: Site, sentence: string): Finding {
  const { what, mend } = splitAdvice(sentence, commandOf(site.loaded, true));
  if (!sentence.startsWith("the token CA")) return warning("keys.ending", what, mend);
  const isPrepared = site.keys.ring?.keys.some(
    ({ role, state }) => role === "ca" && state === "prepared",
  );
  const bundle = `${site.loaded.config.keys.trustDirectory}/token-ca.pem`;
  const give = { kind: "do", words: `give every registry the new ${bundle}` } as const;
  const activate = command(site, "key rotate --activate");
  const steps = [...(isPrepared === true ? [] : [mend]), give, RESTART_REGISTRY, activate];
  return warning("keys.ending", what, ...steps);
}

function checkRing(site: Site): readonly Finding[] {
  const found = site.keys.fault;
  if (found === null) return [];
  const { what, mend } = splitAdvice(found.message, commandOf(site.loaded, true));
  if (found.code !== "missing") return [fault("keys.unusable", what, mend)];
  if (site.store.fault?.code === "missing") {
    if (site.isBeforeStart) return [];
    return [fault("keys.missing", what, mend)];
  }
  const lost = `${what}, but there is a store: they are lost, or not mounted`;
  const restore = {
    kind: "do",
    words: "mount them or restore them from a backup; where that can't be, make new ones:",
  } as const;
  return [fault("keys.missing", lost, restore, command(site, "init"), RESTART_REGISTRY)];
}

function explainStray(site: Site, path: string): Finding {
  const what = `${path} holds a private key or looks like a backup, and lies in ${site.loaded.config.keys.trustDirectory}, which registries are given`;
  const words =
    "if anybody could read it who shouldn't, change the CA too: dockwarden key rotate --ca";
  const close: Mend = { kind: "run", command: `chmod 600 ${quote(path)}` };
  const move: Mend = { kind: "do", words: "move it to another folder, or remove it" };
  return fault("trust.private", what, close, move, { kind: "do", words });
}

function checkTrust(site: Site, { path, state }: TrustFile): readonly Finding[] {
  // Every command that opens the keys writes the trust folder anew.
  const publish = command(site, "key list");
  switch (state) {
    case "right":
      return checkReadable(path);
    case "missing":
      return [fault("trust.stale", `${path} is missing`, publish)];
    case "different":
      return [fault("trust.stale", `${path} isn't what the keys say`, publish, RESTART_REGISTRY)];
    case "unreadable":
      return [
        fault("trust.unreadable", `${path} can't be read`, {
          kind: "run",
          command: `chmod 644 ${quote(path)}`,
        }),
      ];
    case "holds-private-key":
      return [
        fault("trust.private", `${path} holds a private key; registries are given it`, publish),
      ];
  }
}

/** Registries run as users of their own. */
function checkReadable(path: string): readonly Finding[] {
  const finding = (place: string, mode: string): Finding =>
    warning("trust.unreadable", `${place} can't be read by the registry's user`, {
      kind: "run",
      command: `chmod ${mode} ${quote(place)}`,
    });
  const folder = dirname(path);
  const isFolderOpen = ((statPlace(folder)?.mode ?? 0o777) & 0o005) === 5;
  const isFileOpen = ((statPlace(path)?.mode ?? 0o777) & 0o004) !== 0;
  return [
    ...(isFolderOpen ? [] : [finding(folder, "755")]),
    ...(isFileOpen ? [] : [finding(path, "644")]),
  ];
}
