// The token keys: opens or makes the ring, signs with the active key, changes the ring in whole steps.
import type { ImportFiles, KeyFault, KeyStore, KeySummary } from "../domain/key.js";
import type { TokenClaims, VerifiedToken } from "../domain/token.js";
import { err, ok, type Result } from "../domain/result.js";
import { readImport } from "./key-import.js";
import { checkKeyModes, isWritable } from "./key-modes.js";
import type { KeyStoreOptions } from "./key-store-options.js";
import { summarizeKey } from "./key-summary.js";
import { algorithmOf, beginOf, endOf } from "./make-key.js";
import { privateFilesOf, writeRing, type Ring, type RingKey } from "./ring.js";
import { createRing, describeEnding, findBroken, loadRing, readNewer } from "./ring-check.js";
import {
  planActivation,
  planNextCa,
  planPreparation,
  planRotation,
  type PlanChange,
} from "./ring-changes.js";
import { bundleOf, dropEnded, keyIn, prepareKey } from "./ring-plan.js";
import { prepareSigner, toJwk, type Sign } from "./signing.js";
import { TrustFolder } from "./trust-files.js";
import { prepareVerifier, type Verify } from "./verifying.js";

/** A leaf is renewed when two thirds of its life are over: at 60 of 90 days. */
const RENEWAL_SHARE = 2 / 3;
const ATTEMPTS = 5;

const fault = (code: KeyFault["code"], message: string): { ok: false; error: KeyFault } =>
  err({ code, message });

/** Answers open keys, or why they can't be used; a refusal has changed nothing. */
export async function openKeyStore(options: KeyStoreOptions): Promise<Result<KeyStore, KeyFault>> {
  const present = loadRing(options.directory, options.adviseReader);
  if (!present.ok) return present;
  const ring = present.value ?? (await createRing(options));
  if (ring === null) {
    return fault("missing", `there are no token keys in ${options.directory}; run dockwarden init`);
  }
  const modes = checkKeyModes(privateFilesOf(options.directory, ring), options.modeCheck);
  if (modes.fault !== null) return err(modes.fault);
  const broken = findBroken(ring, options);
  if (broken !== null) return err(broken);
  const store = new RingKeyStore(options, {
    isNew: present.value === null,
    warnings: modes.warnings,
  });
  const opened = await store.open(ring);
  return opened.ok ? ok(store) : opened;
}

class RingKeyStore implements KeyStore {
  readonly isNew: boolean;
  readonly #options: KeyStoreOptions;
  readonly #modeWarnings: readonly string[];
  readonly #trust: TrustFolder;
  #ring: Ring = { generation: 0, keys: [] };
  #sign: Sign = () => Promise.reject(new Error("the keys are not open"));
  #verify: Verify = () => Promise.resolve(null);
  #trouble: string | null = null;

  constructor(
    options: KeyStoreOptions,
    found: { readonly isNew: boolean; readonly warnings: readonly string[] },
  ) {
    this.isNew = found.isNew;
    this.#options = options;
    this.#modeWarnings = found.warnings;
    this.#trust = new TrustFolder(options.trustDirectory);
  }

  /** Takes over a ring; renews our own leaf when it is due or of another algorithm. */
  async open(ring: Ring): Promise<Result<null, KeyFault>> {
    this.#take(ring);
    const active = this.#active();
    const isForeignAlgorithm = algorithmOf(active) !== this.#options.algorithm;
    if (isForeignAlgorithm && (active.isImported || this.#options.header !== "x5c")) {
      return fault(
        "wrong-mode",
        `keys.algorithm is ${this.#options.algorithm}, but the signing key is ${algorithmOf(active)}; set keys.algorithm to it, or move the keys folder away and run dockwarden init`,
      );
    }
    if (isForeignAlgorithm || this.#isRenewalDue()) {
      const renewed = await this.rotate();
      const isExpired = endOf(active.certificatePem) <= this.#options.clock.now();
      if (!renewed.ok && (isForeignAlgorithm || isExpired)) return renewed;
      if (!renewed.ok) this.#trouble = renewed.error.message;
    }
    return ok(null);
  }

  sign(claims: TokenClaims): Promise<string> {
    return this.#sign(claims);
  }

  verify(token: string): Promise<VerifiedToken | null> {
    return this.#verify(token);
  }

  generation(): number {
    return this.#ring.generation;
  }

  list(): readonly KeySummary[] {
    return this.#ring.keys.map((key) => summarizeKey(key, this.#options.header));
  }

  bundlePem(): string {
    return bundleOf(this.#ring.keys, this.#options.header);
  }

  jwks(): { readonly keys: readonly Readonly<Record<string, string>>[] } {
    const signing = this.#ring.keys.filter(({ role }) => role === "signing");
    return { keys: signing.map((key) => toJwk(key, this.#options.header)) };
  }

  async rotate(): Promise<Result<KeySummary, KeyFault>> {
    if (this.#options.header !== "x5c") {
      return fault(
        "wrong-mode",
        "with keys.header kid registries read keys once: run dockwarden key rotate --prepare, restart them, then dockwarden key rotate --activate",
      );
    }
    return this.#change(planRotation(this.#options.algorithm));
  }

  async prepare(): Promise<Result<KeySummary, KeyFault>> {
    if (this.#options.header === "x5c") {
      return fault(
        "wrong-mode",
        "with keys.header x5c nothing needs preparing: run dockwarden key rotate",
      );
    }
    return this.#change(planPreparation(this.#options.algorithm));
  }

  async rotateCa(): Promise<Result<KeySummary, KeyFault>> {
    if (this.#options.header !== "x5c") {
      return fault(
        "wrong-mode",
        "with keys.header kid the CA decides nothing: run dockwarden key rotate --prepare",
      );
    }
    return this.#change(planNextCa);
  }

  async activate(): Promise<Result<KeySummary, KeyFault>> {
    return this.#change(planActivation(this.#options.algorithm));
  }

  async importKey(files: ImportFiles): Promise<Result<KeySummary, KeyFault>> {
    const { header, clock, algorithm } = this.#options;
    const cas = this.#ring.keys.filter(({ role }) => role === "ca");
    const ownCas = header === "x5c" ? cas.map(({ certificatePem }) => certificatePem) : null;
    const order = { ...files, state: "prepared" as const, now: clock.now(), ownCas };
    const brought = readImport(order);
    if (!brought.ok) return brought;
    const key = brought.value;
    if (key.role === "signing" && algorithmOf(key) !== algorithm) {
      return fault(
        "wrong-mode",
        `the key signs ${algorithmOf(key)}; set keys.algorithm to it first`,
      );
    }
    // Registries must hear of it before anything is signed with it.
    return this.#change(async (keys) => ok({ keys: prepareKey(keys, key), id: key.id }));
  }

  async refresh(): Promise<void> {
    try {
      const newer = readNewer(this.#ring.generation, this.#options);
      this.#trouble = newer.ok ? null : newer.error.message;
      if (newer.ok && newer.value !== null) this.#take(newer.value);
      if (this.#trust.trouble !== null) this.#trust.publish(this.bundlePem(), this.jwks());
      if (this.#trouble !== null || !this.#isRenewalDue()) return;
      const renewed = await this.rotate();
      if (!renewed.ok)
        this.#trouble = `the signing key could not be renewed: ${renewed.error.message}`;
    } catch (error) {
      // The keys in memory go on signing; health says what is wrong.
      const { code } = error as NodeJS.ErrnoException;
      this.#trouble = `the keys folder can't be read (${code ?? "damaged"}); check keys.directory`;
    }
  }

  warnings(): readonly string[] {
    const warnings = [...this.#modeWarnings];
    if (this.#trouble !== null) warnings.push(this.#trouble);
    if (this.#trust.trouble !== null) warnings.push(this.#trust.trouble);
    const ending = describeEnding(this.#ring, this.#options);
    if (ending !== null) warnings.push(ending);
    return warnings;
  }

  #active(): RingKey {
    const active = keyIn(this.#ring.keys, "signing", "active");
    if (active === null) throw new Error("the key ring has no active signing key");
    return active;
  }

  #isRenewalDue(): boolean {
    const active = this.#active();
    if (this.#options.header !== "x5c" || active.isImported) return false;
    const [begin, end] = [beginOf(active.certificatePem), endOf(active.certificatePem)];
    return this.#options.clock.now() >= begin + (end - begin) * RENEWAL_SHARE;
  }

  /** Compare and swap: reads the newest ring, plans, writes the next generation; begins anew when another was quicker. */
  async #change(plan: PlanChange): Promise<Result<KeySummary, KeyFault>> {
    const { directory, clock, tokenTtlSeconds, header } = this.#options;
    if (!isWritable(directory)) {
      return fault(
        "not-writable",
        `${directory} can't be written; run this where the keys live, as their owner`,
      );
    }
    for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
      const loaded = loadRing(directory);
      if (!loaded.ok) return loaded;
      const ring = loaded.value;
      if (ring === null)
        return fault("missing", `the keys in ${directory} are gone; restore a backup`);
      const now = clock.now();
      const planned = await plan(dropEnded(ring.keys, tokenTtlSeconds, now), now);
      if (!planned.ok) return planned;
      const next = { generation: ring.generation + 1, keys: planned.value.keys };
      if (!writeRing(directory, next)) continue;
      this.#take(next);
      const made = next.keys.find(({ id }) => id === planned.value.id);
      if (made !== undefined) return ok(summarizeKey(made, header));
    }
    return fault("not-writable", "other processes keep changing the keys; try again");
  }

  #take(ring: Ring): void {
    const active = keyIn(ring.keys, "signing", "active");
    if (active === null) throw new Error("the key ring has no active signing key");
    this.#sign = prepareSigner(active, this.#options.header);
    this.#verify = prepareVerifier(ring.keys, this.#options.header);
    this.#ring = ring;
    this.#trust.publish(this.bundlePem(), this.jwks());
  }
}
