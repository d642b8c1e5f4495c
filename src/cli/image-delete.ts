// `dockwarden image delete`: takes tags, manifests or whole repositories out of a registry.
import type { AdminContext } from "../admin/admin-context.js";
import { planDelete, type DeleteTarget } from "../admin/delete-plan.js";
import {
  findFreed,
  findImmutable,
  runDelete,
  toPlanned,
  type Freed,
  type Planned,
} from "../admin/image-delete.js";
import { planUnused } from "../admin/unused-tags.js";
import type { OpenedRegistryWork } from "../app.js";
import { isDigest } from "../domain/reference.js";
import { formatBytes } from "./bytes.js";
import { confirm } from "./confirm.js";
import { CliExit, orExit } from "./exit.js";
import {
  describeDeleted,
  describeDryRun,
  describeKept,
  describePlans,
  toPublicPlan,
} from "./image-delete-words.js";
import { noteBeginning, toUnusedSince } from "./image-held.js";
import { toExit, withRegistries } from "./image-sync.js";
import { readImage } from "./image-words.js";
import { formatEnd } from "./output.js";
import type { Session } from "./session.js";
import { toService } from "./words.js";

export interface DeleteOptions {
  readonly unused?: string;
  readonly service?: string;
  readonly literal?: boolean;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

/** Everything that the acts below work on. */
interface Scene {
  readonly session: Session;
  readonly context: AdminContext;
  readonly work: OpenedRegistryWork;
  readonly options: DeleteOptions;
}

/** One image by its name, or with `--unused` what nobody has used since. */
export async function deleteImages(
  session: Session,
  text: string | undefined,
  options: DeleteOptions,
): Promise<void> {
  if ((text === undefined) === (options.unused === undefined)) {
    throw new CliExit(
      2,
      "name one image (REPOSITORY, REPOSITORY:TAG or REPOSITORY@DIGEST), or --unused 180d, not both",
    );
  }
  await session.withAdmin((context, loaded) =>
    withRegistries(loaded, async (work) => {
      const scene = { session, context, work, options };
      if (text === undefined) await deleteUnused(scene);
      else await deleteNamed(scene, text);
    }),
  );
}

interface Named {
  readonly service: string;
  readonly repository: string;
  readonly tag: string | null;
  readonly target: DeleteTarget;
}

async function deleteNamed(scene: Scene, text: string): Promise<void> {
  const { context, work } = scene;
  const named = await readTarget(scene, text);
  const read = await work.refresh(named);
  if (!read.ok) {
    const hint = await hintAtEntry(named, context);
    const { exitCode, message } = toExit(read.error);
    throw new CliExit(exitCode, `${message}${hint}`);
  }
  const [content] = read.value ? await context.ledger.find(named.service, named.repository) : [];
  const isEmpty =
    content === undefined || (content.tags.length === 0 && content.manifests.size === 0);
  if (isEmpty) {
    const hint = await hintAtEntry(named, context);
    throw new CliExit(
      1,
      `${named.service} holds no repository ${named.repository}; nothing was deleted${hint}`,
    );
  }
  const plan = planDelete(content, named.target, await findImmutable(named, context));
  if (!plan.ok && named.tag !== null && !content.tags.some(({ tag }) => tag === named.tag)) {
    throw new CliExit(1, `${plan.error.message}${await hintAtEntry(named, context)}`);
  }
  await carryOut(scene, {
    planned: [toPlanned(orExit(plan), content)],
    isLarge: named.target.kind === "all",
    beside: {},
  });
}

/** `repo`, `repo:tag`, `repo@sha256:…`; a tag before a digest is for people. */
async function readTarget(
  { session, context, work, options }: Scene,
  text: string,
): Promise<Named> {
  const at = text.indexOf("@");
  const digest = at === -1 ? null : text.slice(at + 1);
  if (digest !== null && !isDigest(digest)) {
    throw new CliExit(
      2,
      `${JSON.stringify(digest)} is no digest; it is sha256: and 64 digits of 0-9 a-f`,
    );
  }
  const pattern = readImage(session, context, at === -1 ? text : text.slice(0, at), options);
  const { repository, tag } = pattern;
  if (`${repository}${tag ?? ""}`.includes("*")) {
    throw new CliExit(
      2,
      "image delete takes one image without stars; what nobody uses: --unused 180d",
    );
  }
  const service = pattern.service ?? (await findService(repository, context, work));
  if (digest !== null) return { service, repository, tag, target: { kind: "digest", digest } };
  const target: DeleteTarget = tag === null ? { kind: "all" } : { kind: "tags", tags: [tag] };
  return { service, repository, tag, target };
}

async function findService(
  repository: string,
  { ledger, settings }: AdminContext,
  { services }: OpenedRegistryWork,
): Promise<string> {
  const held = await ledger.find(null, repository);
  const names = held.length > 0 ? held.map(({ service }) => service) : services;
  const [first = settings.services[0] ?? "", ...more] = names;
  if (more.length === 0) return first;
  throw new CliExit(
    2,
    `several registries may hold ${repository}; say which: --service ${names.join(" or --service ")}`,
  );
}

/** Who meant the entry is told how that goes; empty where there is none. */
async function hintAtEntry(
  { repository, tag, service }: Named,
  { store, clock }: AdminContext,
): Promise<string> {
  const now = clock.now();
  const found =
    (await store.images.find({ repository, tag, service: null }, now)) ??
    (await store.images.find({ repository, tag, service }, now));
  if (found === null) return "";
  const image = tag === null ? repository : `${repository}:${tag}`;
  const of = found.pattern.service === null ? "" : ` --service ${found.pattern.service}`;
  return `; to remove the entry with its grants: dockwarden image unregister ${image}${of}`;
}

async function deleteUnused(scene: Scene): Promise<void> {
  const { session, context, work, options } = scene;
  const since = toUnusedSince(options.unused ?? "", context.clock.now());
  const service =
    options.service === undefined
      ? onlyService(context, work)
      : toService(options.service, context.settings.services);
  const beginsAt = await context.ledger.beginsAt(service);
  const begins = noteBeginning(beginsAt, since);
  if (begins !== "") {
    if (options.dryRun !== true) {
      throw new CliExit(
        1,
        `${begins}; nothing was deleted; look with --dry-run, and delete by name or with a shorter time`,
      );
    }
    if (!session.isJson) session.io.note(`${begins}\n`);
  }
  const onReading = (name: string): void => {
    session.progress(`${service}: reading ${name}`);
  };
  const found = await planUnused({ service, since, onReading }, work, context);
  session.progress(null);
  if (!found.ok) throw toExit(found.error);
  const { planned, kept } = found.value;
  if (!session.isJson) session.io.note(describeKept(kept));
  const beside = {
    kept,
    beginsAt: beginsAt === null ? null : formatEnd(beginsAt),
    note: begins === "" ? null : begins,
  };
  await carryOut(scene, { planned, isLarge: true, beside });
}

function onlyService({ settings }: AdminContext, { services }: OpenedRegistryWork): string {
  const [first = settings.services[0] ?? "", ...more] = services;
  if (more.length === 0) return first;
  throw new CliExit(
    2,
    `there are several registries; say which: --service ${services.join(" or --service ")}`,
  );
}

interface Delete {
  readonly planned: readonly Planned[];
  /** More goes than one name says; a script must then say `--yes`. */
  readonly isLarge: boolean;
  /** What scripts see besides. */
  readonly beside: Readonly<Record<string, unknown>>;
}

async function carryOut(scene: Scene, act: Delete): Promise<void> {
  const { planned, isLarge } = act;
  const { session, context, options } = scene;
  const freed = await findFreed(planned, context);
  const isDryRun = options.dryRun === true;
  if (isDryRun || planned.length === 0) {
    answer(session, act, freed, false);
    return;
  }
  session.io.note(describePlans(planned, freed));
  const count = planned.reduce((sum, { plan }) => sum + plan.tags.length, 0);
  const hasOthers = planned.some(({ plan }) => plan.otherTags.length > 0);
  const isAsked = session.io.isTerminal && session.io.stdin.isTTY;
  if (options.yes !== true && !isAsked && (isLarge || hasOthers)) {
    throw new CliExit(
      1,
      "nothing was deleted: that is more than one tag; look with --dry-run, and repeat with --yes",
    );
  }
  await confirm(
    `Delete ${count} tags, ${formatBytes(freed.bytes)}, for good?`,
    options.yes === true,
    session.io,
  );
  for (const { plan } of planned) {
    session.progress(`deleting in ${plan.repository}`);
    const done = await runDelete(plan, scene.work, context);
    session.progress(null);
    if (!done.ok) {
      const { exitCode, message } = toExit(done.error);
      throw new CliExit(
        exitCode,
        `${message}; what was deleted until then is on record: dockwarden audit list --image ${plan.repository}`,
      );
    }
  }
  answer(session, act, freed, true);
}

function answer(
  session: Session,
  { planned, beside }: Delete,
  freed: Freed,
  isDone: boolean,
): void {
  const value = {
    deleted: isDone,
    repositories: planned.map(({ plan }) => toPublicPlan(plan)),
    frees: freed.bytes,
    unknownManifests: freed.unknownCount,
    ...beside,
  };
  session.answer(value, () =>
    isDone ? describeDeleted(planned, freed) : describeDryRun(planned, freed),
  );
}
