// The ledger in the file beside the policy's store: each act is one transaction; what it changes is in ledger-*.ts.
import {
  UNKNOWN_REACH,
  type DigestReach,
  type GateBypass,
  type LedgerStore,
  type LedgerTrouble,
  type Manifest,
  type PullNote,
  type RegistryAct,
  type RegistryEvent,
  type RepositoryPlace,
  type RepositorySnapshot,
} from "../../domain/ledger.js";
import { ok } from "../../domain/result.js";
import type { EpochSeconds } from "../../domain/time.js";
import { run, write, type Connection } from "./connection.js";
import { KeptReads, readDataVersion, type DataVersion } from "./kept-reads.js";
import { LedgerApply } from "./ledger-apply.js";
import { LEDGER_BOUNDS, pruneLedger, type LedgerBounds } from "./ledger-prune.js";
import { LedgerPulls } from "./ledger-pulls.js";
import { LedgerReach } from "./ledger-reach.js";
import { LedgerRepositories } from "./ledger-repositories.js";
import { LedgerSnapshots } from "./ledger-snapshot.js";
import { LedgerTroubles } from "./ledger-troubles.js";

export interface LedgerStoreOptions {
  /** Who knows of pulls: with a gate it counts them itself. */
  readonly countsPulls: "events" | "gate";
  /** Absent: LEDGER_BOUNDS. */
  readonly bounds?: LedgerBounds;
}

const MICROSECONDS = 1_000_000;
/** Times further ahead are a wrong clock's: they would keep what really happens later from counting. */
const AHEAD_SECONDS = 600;
/** Addresses are the registry's word, and clients may have chosen them. */
const ADDRESS_MAX = 64;

/** A digest may have tens of thousands of tags. */
const weighReach = ({ tags, pastTags }: DigestReach): number =>
  1 + Math.ceil((tags.length + pastTags.length) / 16);

/** A connection of its own, opened by openLedger; every method may throw StoreUnavailable. */
export class SqliteLedgerStore implements LedgerStore {
  readonly #connection: Connection;
  readonly #countsPulls: boolean;
  readonly #bounds: LedgerBounds;
  readonly #repositories: LedgerRepositories;
  readonly #apply: LedgerApply;
  readonly #snapshots: LedgerSnapshots;
  readonly #reach: LedgerReach;
  readonly #kept: KeptReads<DigestReach>;
  readonly #version: DataVersion;
  readonly #pulls: LedgerPulls;
  readonly #troubles: LedgerTroubles;
  readonly #putEvent;
  readonly #putAct;

  constructor(connection: Connection, { countsPulls, bounds = LEDGER_BOUNDS }: LedgerStoreOptions) {
    this.#connection = connection;
    this.#countsPulls = countsPulls === "events";
    this.#bounds = bounds;
    this.#repositories = new LedgerRepositories(connection, bounds.repositories);
    this.#apply = new LedgerApply(connection);
    this.#snapshots = new LedgerSnapshots(connection, this.#apply);
    this.#reach = new LedgerReach(connection);
    this.#kept = new KeptReads(connection, weighReach);
    this.#version = readDataVersion(connection);
    this.#pulls = new LedgerPulls(connection);
    this.#troubles = new LedgerTroubles(connection);
    this.#putEvent = connection.prepare(
      "INSERT OR IGNORE INTO ledger_event (id, at) VALUES (?, ?)",
    );
    this.#putAct = connection.prepare(
      "INSERT INTO ledger_act (repository_id, at, kind, tag, digest, account, address) VALUES (?, ?, ?, ?, ?, ?, ?)",
    );
  }

  version(): number {
    return run(this.#version);
  }

  async findReach(place: RepositoryPlace, digest: string): Promise<DigestReach> {
    return this.#findReach("manifest", place, digest);
  }

  async findBlobReach(place: RepositoryPlace, digest: string): Promise<DigestReach> {
    return this.#findReach("blob", place, digest);
  }

  #findReach(kind: "manifest" | "blob", place: RepositoryPlace, digest: string): DigestReach {
    const { service, repository: name } = place;
    return run(() =>
      this.#kept.get(`${kind}\n${service}\n${name}\n${digest}`, () => {
        const repository = this.#repositories.find(place);
        if (repository === null) return UNKNOWN_REACH;
        return kind === "blob"
          ? this.#reach.findBlob(repository, digest)
          : this.#reach.find(repository, digest);
      }),
    );
  }

  async apply(
    events: readonly RegistryEvent[],
    now: EpochSeconds,
  ): Promise<readonly RegistryEvent[]> {
    return this.#write(() =>
      events.filter(({ id, act }) => {
        if (this.#putEvent.run(id, now).changes === 0) return false;
        const isAhead = act.at > (now + AHEAD_SECONDS) * MICROSECONDS;
        this.#applyAct(isAhead ? { ...act, at: now * MICROSECONDS } : act, now);
        return true;
      }),
    );
  }

  async applySnapshot(snapshot: RepositorySnapshot, now: EpochSeconds): Promise<void> {
    await this.#write(() => {
      const repository = this.#repositories.findOrAdd(snapshot, now);
      if (repository === null) this.#noteDropped(snapshot.service, now);
      else this.#snapshots.take(repository, snapshot);
    });
  }

  async completeManifests(place: RepositoryPlace, manifests: readonly Manifest[]): Promise<void> {
    await this.#write(() => {
      const repository = this.#repositories.find(place);
      if (repository !== null) this.#snapshots.complete(repository, manifests);
    });
  }

  async forgetRepository({ service, repository }: RepositoryPlace): Promise<void> {
    await this.#write(() => {
      this.#connection
        .prepare("DELETE FROM ledger_repository WHERE service = ? AND name = ?")
        .run(service, repository);
    });
  }

  /** Pulls in repositories that nothing else told of are no pulls: a client may have made the name up. */
  async notePulls(notes: readonly PullNote[]): Promise<void> {
    await this.#write(() => {
      for (const note of notes) {
        const repository = this.#repositories.find(note);
        if (repository !== null) this.#pulls.note(repository, note);
      }
    });
  }

  async noteTrouble(trouble: Omit<LedgerTrouble, "count">): Promise<void> {
    await this.#write(() => {
      this.#troubles.note(trouble);
    });
  }

  async clearTroubles(service: string, since: EpochSeconds): Promise<void> {
    await this.#write(() => {
      this.#troubles.clear(service, since);
    });
  }

  async listTroubles(): Promise<readonly LedgerTrouble[]> {
    return run(() => this.#troubles.list());
  }

  async noteBypass(bypass: Omit<GateBypass, "count" | "firstAt">): Promise<void> {
    await this.#write(() => {
      this.#troubles.noteBypass(bypass);
    });
  }

  async listBypasses(since: EpochSeconds): Promise<readonly GateBypass[]> {
    return run(() => this.#troubles.listBypasses(since));
  }

  async hasPull(place: RepositoryPlace, account: string, since: EpochSeconds): Promise<boolean> {
    return run(() => {
      const repository = this.#repositories.find(place);
      return repository !== null && this.#pulls.hasPull(repository, account, since);
    });
  }

  /** The process of a registry that spoke; where it is another than before, that is noted as a trouble and answered true. */
  async noteInstance(service: string, instance: string, now: EpochSeconds): Promise<boolean> {
    return this.#write(() => {
      const isRestarted = this.#troubles.noteInstance(service, instance, now);
      if (isRestarted) this.#troubles.note({ service, reason: "restarted", since: now });
      return isRestarted;
    });
  }

  async prune(before: EpochSeconds, now: EpochSeconds): Promise<number> {
    return this.#write(() => pruneLedger(this.#connection, { before, now }, this.#bounds));
  }

  close(): void {
    this.#connection.close();
  }

  #applyAct(act: RegistryAct, now: EpochSeconds): void {
    if (act.kind === "pull" && !this.#countsPulls) {
      // It shows that the repository is there; the gate counts.
      this.#findOrAdd(act, now);
      return;
    }
    const repository = this.#findOrAdd(act, now);
    if (repository === null) return;
    switch (act.kind) {
      case "push":
        this.#apply.push(repository, act);
        this.#keepAct(repository, act, { tag: act.tag, digest: act.manifest.digest });
        return;
      case "delete-manifest":
        this.#apply.deleteManifest(repository, act.digest, act.at);
        this.#keepAct(repository, act, { tag: null, digest: act.digest });
        return;
      case "delete-tag":
        this.#apply.deleteTag(repository, act.tag, act.at);
        this.#keepAct(repository, act, { tag: act.tag, digest: null });
        return;
      case "pull":
        this.#notePull(repository, act);
    }
  }

  /** docker asks for the tag with HEAD and then pulls by digest: the only tag that leads there is meant. */
  #notePull(repository: number, act: Extract<RegistryAct, { kind: "pull" }>): void {
    const tags = act.tag === null ? this.#reach.find(repository, act.digest).tags : [act.tag];
    const [tag = null] = tags.length === 1 ? tags : [];
    const at = Math.floor(act.at / MICROSECONDS);
    const { method, actor } = act;
    this.#pulls.note(repository, { repository: act.repository, tag, account: actor, method, at });
  }

  #findOrAdd(act: RegistryAct, now: EpochSeconds): number | null {
    const repository = this.#repositories.findOrAdd(act, now);
    if (repository === null) this.#noteDropped(act.service, now);
    return repository;
  }

  #noteDropped(service: string, since: EpochSeconds): void {
    this.#troubles.note({ service, reason: "dropped", since });
  }

  #keepAct(
    repository: number,
    { kind, at, actor, address }: RegistryAct,
    { tag, digest }: { readonly tag: string | null; readonly digest: string | null },
  ): void {
    const seconds = Math.floor(at / MICROSECONDS);
    const from = address.slice(0, ADDRESS_MAX);
    this.#putAct.run(repository, seconds, kind, tag, digest, actor, from);
  }

  async #write<T>(act: () => T): Promise<T> {
    return (await write(this.#connection, () => ok(act()))).value;
  }
}
