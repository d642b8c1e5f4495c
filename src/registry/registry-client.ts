// RegistryApi over HTTP: the distribution protocol's questions, each with a token for just that.
import { ok, type Result } from "../domain/result.js";
import { MANIFEST_TYPES } from "../domain/media-type.js";
import type { Manifest, Reference } from "../domain/ledger.js";
import { isDigest } from "../domain/reference.js";
import type { RegistryApi, RegistryFault } from "../domain/registry-api.js";
import { isRepositoryName } from "../domain/repository-name.js";
import type { AccessEntry } from "../domain/token.js";
import type { Exchange, Exchanged } from "./exchange.js";
import {
  foreignAnswer,
  silence,
  strangeAnswer,
  strangeStatus,
  tooMuch,
  unknownAddress,
  type Where,
} from "./faults.js";
import { isBodyOf, parseCreated, parseManifest } from "./manifest-document.js";
import type { OwnTokens } from "./own-tokens.js";
import { isUnknown, readNames, readNext, readTags } from "./registry-answers.js";

export interface RegistryClientParts {
  /** Service → `http://registry:5000`. */
  readonly urls: ReadonlyMap<string, string>;
  readonly tokens: OwnTokens;
  readonly exchange: Exchange;
}

const ANSWER_MAX_BYTES = 4 * 1024 * 1024;
const CONFIGURATION_MAX_BYTES = 1024 * 1024;
const TAGS_PER_PAGE = 1000;
const TAGS_MAX = 20_000;

type Answered<T> = Promise<Result<T, RegistryFault>>;
type Answer = Extract<Exchanged, { ok: true }>;

interface Question {
  readonly method: "GET" | "HEAD" | "DELETE";
  /** Begins with `/v2/`; parts of it are encoded. */
  readonly path: string;
  readonly access: AccessEntry;
  readonly accept?: string;
  readonly maxBytes?: number;
}

/** Without them a registry may convert what it sends, or find nothing. */
const ACCEPT = MANIFEST_TYPES.join(", ");
const CATALOG: AccessEntry = { type: "registry", name: "catalog", actions: ["*"] };

const access = (name: string, ...actions: string[]): AccessEntry => ({
  type: "repository",
  name,
  actions,
});

/** Names of repositories are path components: nothing in them needs encoding but a host's brackets and colon. */
const pathTo = (repository: string, kind: string, reference: string): string =>
  `/v2/${repository.split("/").map(encodeURIComponent).join("/")}/${kind}/${encodeURIComponent(reference)}`;

export class RegistryClient implements RegistryApi {
  readonly #parts: RegistryClientParts;

  constructor(parts: RegistryClientParts) {
    this.#parts = parts;
  }

  knows(service: string): boolean {
    return this.#parts.urls.has(service);
  }

  async findDigest(service: string, repository: string, tag: string): Answered<string | null> {
    const path = pathTo(repository, "manifests", tag);
    const question = { path, access: access(repository, "pull"), accept: ACCEPT };
    let asked = await this.#ask(service, { method: "HEAD", ...question });
    // A HEAD has no body that would say what is unknown: something else than a registry may have answered.
    if (asked.ok && asked.value.answer.status === 404) {
      asked = await this.#ask(service, { method: "GET", ...question });
    }
    if (!asked.ok) return asked;
    const { answer, where } = asked.value;
    if (isUnknown(answer)) return ok(null);
    if (answer.status !== 200) return strangeStatus(where, answer.status, `the tag ${tag}`);
    const digest = answer.headers["docker-content-digest"];
    return typeof digest === "string" && isDigest(digest)
      ? ok(digest)
      : strangeAnswer(where, "a manifest without its digest");
  }

  async listTags(service: string, repository: string): Answered<readonly string[] | null> {
    const tags: string[] = [];
    let last: string | null = null;
    for (;;) {
      const from: string = last === null ? "" : `&last=${encodeURIComponent(last)}`;
      const path = `${pathTo(repository, "tags", "list")}?n=${TAGS_PER_PAGE}${from}`;
      const question = { method: "GET", path, access: access(repository, "pull") } as const;
      const asked = await this.#ask(service, question);
      if (!asked.ok) return asked;
      const { answer, where } = asked.value;
      if (isUnknown(answer)) return ok(last === null ? null : tags);
      if (answer.status !== 200) return strangeStatus(where, answer.status, `its list of tags`);
      const page = readTags(answer.body);
      if (page === null) return foreignAnswer(where, "no list of tags");
      tags.push(...page);
      if (tags.length > TAGS_MAX) {
        return tooMuch(where, `has more than ${TAGS_MAX} tags in ${repository}; delete some`);
      }
      const next = readNext(answer.headers["link"]);
      if (next === null || next === last) return ok([...new Set(tags)]);
      last = next;
    }
  }

  async readManifest(
    service: string,
    repository: string,
    query: { readonly digest: string; readonly withCreated: boolean },
  ): Answered<Manifest | null> {
    const { digest, withCreated } = query;
    const asked = await this.#ask(service, {
      method: "GET",
      path: pathTo(repository, "manifests", digest),
      access: access(repository, "pull"),
      accept: ACCEPT,
    });
    if (!asked.ok) return asked;
    const { answer, where } = asked.value;
    if (isUnknown(answer)) return ok(null);
    if (answer.status !== 200) return strangeStatus(where, answer.status, `a manifest`);
    const document = parseManifest(answer.body, answer.headers["content-type"]);
    if (document === null) return strangeAnswer(where, `no manifest for ${repository}@${digest}`);
    const { mediaType, references, configuration } = document;
    if (!isBodyOf(digest, answer.body, mediaType)) {
      return strangeAnswer(where, `another manifest than ${repository}@${digest}`);
    }
    const isAsked = withCreated && configuration !== null;
    const found = isAsked ? await this.#readCreated(service, repository, configuration) : ok(null);
    if (!found.ok) return found;
    const created = found.value ?? document.created;
    return ok({ digest, mediaType, size: answer.body.length, references, created });
  }

  async listRepositories(
    service: string,
    page: { readonly last: string | null; readonly count: number },
  ): Answered<readonly string[]> {
    const { last, count } = page;
    const from = last === null ? "" : `&last=${encodeURIComponent(last)}`;
    const path = `/v2/_catalog?n=${count}${from}`;
    const asked = await this.#ask(service, { method: "GET", path, access: CATALOG });
    if (!asked.ok) return asked;
    const { answer, where } = asked.value;
    if (answer.status !== 200) return strangeStatus(where, answer.status, "its catalogue");
    const names = readNames(answer.body, "repositories");
    return names === null
      ? foreignAnswer(where, "no catalogue")
      : ok(names.filter(isRepositoryName));
  }

  async deleteManifest(service: string, repository: string, digest: string): Answered<boolean> {
    const asked = await this.#ask(service, {
      method: "DELETE",
      path: pathTo(repository, "manifests", digest),
      access: access(repository, "pull", "delete"),
    });
    if (!asked.ok) return asked;
    const { answer, where } = asked.value;
    if (isUnknown(answer)) return ok(false);
    if (answer.status >= 200 && answer.status < 300) return ok(true);
    return strangeStatus(where, answer.status, `the delete of ${repository}@${digest}`);
  }

  /** Null as well where the configuration lies elsewhere (a redirect), is large, or was never pushed. */
  async #readCreated(
    service: string,
    repository: string,
    { digest, size }: Reference,
  ): Answered<string | null> {
    if ((size ?? 0) > CONFIGURATION_MAX_BYTES) return ok(null);
    const asked = await this.#ask(service, {
      method: "GET",
      path: pathTo(repository, "blobs", digest),
      access: access(repository, "pull"),
      maxBytes: CONFIGURATION_MAX_BYTES,
    });
    if (!asked.ok) return asked.error.reason === "too-large" ? ok(null) : asked;
    const { answer } = asked.value;
    return ok(answer.status === 200 ? parseCreated(answer.body) : null);
  }

  async #ask(
    service: string,
    question: Question,
  ): Answered<{ readonly answer: Answer; readonly where: Where }> {
    const { urls, tokens, exchange } = this.#parts;
    const origin = urls.get(service);
    if (origin === undefined) return unknownAddress(service);
    const where = { service, origin };
    const { method, path, access: entry, accept, maxBytes = ANSWER_MAX_BYTES } = question;
    const answer = await exchange.ask({
      method,
      url: new URL(`${origin}${path}`),
      headers: {
        authorization: `Bearer ${await tokens(service, entry)}`,
        accept: accept ?? "application/json",
        "accept-encoding": "identity",
        "user-agent": "dockwarden",
      },
      maxBytes,
    });
    if (!answer.ok) return silence(where, answer.code);
    return ok({ answer, where });
  }
}
