// Credentials on a fake store: real secrets, a map instead of SQLite, noted ends and uses to look at.
import { credentialSecrets } from "../../src/crypto/credential-secret.js";
import type {
  Credential,
  CredentialKind,
  CredentialStore,
  CredentialUse,
  EndReason,
} from "../../src/domain/credential.js";
import type { SignInRecord } from "../../src/domain/ports.js";
import { ok } from "../../src/domain/result.js";

export interface FakeCredentials {
  readonly store: CredentialStore;
  readonly uses: { readonly used: (id: number, use: CredentialUse) => void };
  /** Ends that were recorded: `ID REASON`. */
  readonly ends: string[];
  /** Uses that were noted: `ID ADDRESS`. */
  readonly noted: string[];
  /** How often a secret was looked up. */
  readonly lookups: { count: number };
  /** Makes one for the account; answers its secret. */
  give(kind: CredentialKind, account: SignInRecord, change?: Partial<Credential>): string;
}

/** Empty; `findHolder` names the accounts that logins are kept for. */
export function fakeCredentials(
  findHolder: (name: string) => SignInRecord | null,
  now: number,
): FakeCredentials {
  const rows = new Map<string, { credential: Credential; holder: SignInRecord }>();
  const ends: string[] = [];
  const noted: string[] = [];
  const lookups = { count: 0 };
  const put = (
    digest: string,
    holder: SignInRecord,
    change: Partial<Credential> & Pick<Credential, "kind">,
  ): Credential => {
    const credential: Credential = {
      id: rows.size + 1,
      accountId: holder.account.id,
      ceiling: { kind: "none" },
      service: change.kind === "refresh" ? "reg" : null,
      description: null,
      createdAt: now,
      createdFrom: null,
      expiresAt: null,
      lastUse: null,
      isUnconfirmed: false,
      end: null,
      ...change,
    };
    rows.set(digest, { credential, holder });
    return credential;
  };
  const store = {
    presentById: async (id: number) =>
      [...rows.values()].find(({ credential }) => credential.id === id) ?? null,
    present: async (digest: string) => {
      lookups.count += 1;
      return rows.get(digest) ?? null;
    },
    add: async ({
      account,
      digest,
      version,
      ...credential
    }: Parameters<CredentialStore["add"]>[0]) => {
      const holder = findHolder(account);
      const isPast =
        (version ?? holder?.account.credentialVersion) !== holder?.account.credentialVersion;
      if (holder === null || isPast)
        return { ok: false, error: { reason: "unknown-account", name: account } };
      return ok({ credential: put(digest, holder, credential), ended: [] });
    },
    noteEnd: async (id: number, reason: EndReason) => {
      ends.push(`${id} ${reason}`);
    },
  } as unknown as CredentialStore;
  return {
    store,
    uses: { used: (id, use) => noted.push(`${id} ${use.address}`) },
    ends,
    noted,
    lookups,
    give(kind, account, change = {}) {
      const { secret, digest } = credentialSecrets.make(kind);
      put(digest, account, { kind, ...change });
      return secret;
    },
  };
}
