// Does a tag that the account asked for a moment ago lead to this digest? Asked of the registry itself: the ledger may be behind.
import { isIndexType } from "../domain/media-type.js";
import type { Manifest } from "../domain/ledger.js";
import type { GateContext } from "./gate-context.js";
import { decideTag, may, type Scene } from "./scene.js";

/** Manifests of one index that are read to look for a layer. */
const CHILDREN_MAX = 16;
const MANIFESTS_MAX = 5_000;

/** What manifests name never changes: each is read once. Bounded. */
export class NamedDigests {
  readonly #known = new Map<string, Pick<Manifest, "mediaType" | "references">>();

  /** Null: the registry has none, or can't be asked. */
  async find(
    { service, repository }: Scene,
    digest: string,
    registry: GateContext["registry"],
  ): Promise<Pick<Manifest, "mediaType" | "references"> | null> {
    const key = `${service}\n${repository}\n${digest}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const query = { digest, withCreated: false };
    const read = await registry.readManifest(service, repository, query);
    if (!read.ok || read.value === null) return null;
    const { mediaType, references } = read.value;
    const kept = { mediaType, references };
    this.#known.set(key, kept);
    const first = this.#known.size > MANIFESTS_MAX ? this.#known.keys().next().value : undefined;
    if (first !== undefined) this.#known.delete(first);
    return kept;
  }
}

/** A manifest, or a layer, that one of the tags leads to which the requester asked for within the hour and may read now. */
export async function wasJustTagged(
  scene: Scene,
  digest: string,
  kind: "manifest" | "blob",
  context: GateContext,
): Promise<boolean> {
  const { registry, recentAsks } = context;
  if (!registry.knows(scene.service)) return false;
  for (const tag of recentAsks.find(scene.requester, scene, scene.now)) {
    if (!may(decideTag(scene, tag), "pull")) continue;
    const found = await registry.findDigest(scene.service, scene.repository, tag);
    if (!found.ok || found.value === null) continue;
    if (found.value === digest) return true;
    if (await leadsTo(scene, found.value, { digest, kind }, context)) return true;
  }
  return false;
}

/** An index leads to its manifests, a manifest to its layers: a manifest that poses as a layer is not led to. */
async function leadsTo(
  scene: Scene,
  root: string,
  { digest, kind }: { readonly digest: string; readonly kind: "manifest" | "blob" },
  context: GateContext,
): Promise<boolean> {
  const find = (wanted: string) => context.namedDigests.find(scene, wanted, context.registry);
  const top = await find(root);
  if (top === null) return false;
  const named = (top.references ?? []).map((reference) => reference.digest);
  if (!isIndexType(top.mediaType)) return kind === "blob" && named.includes(digest);
  if (kind === "manifest") return named.includes(digest);
  for (const child of named.slice(0, CHILDREN_MAX)) {
    const manifest = await find(child);
    if (manifest?.references?.some((reference) => reference.digest === digest) === true)
      return true;
  }
  return false;
}
