// Keeps when and from where credentials were used: noted in memory, written in batches beside the hot path.
import type { CredentialStore, CredentialUse, UseRecorder } from "./domain/credential.js";
import type { Logger } from "./http/log.js";

export interface UseWriter extends UseRecorder {
  /** Writes what is left. */
  stop(): Promise<void>;
}

/** A crash loses the uses of this time. */
const FLUSH_MILLISECONDS = 2000;
/** A credential in constant use is written so often; at once when it comes from elsewhere. */
const REPEAT_SECONDS = 60;
/** What is known of so many credentials; the ones used longest ago are forgotten, and then written once too often. */
const REMEMBERED_MAX = 10_000;

/** Starts to write; a store that can't take it now is asked again, and nobody is refused meanwhile (THREATS E16). */
export function startUseWriter(credentials: CredentialStore, log: Logger): UseWriter {
  const written = new Map<number, CredentialUse>();
  let waiting = new Map<number, CredentialUse>();
  let hasTrouble = false;

  const flush = async (): Promise<void> => {
    if (waiting.size === 0) return;
    const batch = waiting;
    waiting = new Map();
    try {
      await credentials.noteUses(batch);
      hasTrouble = false;
    } catch (error) {
      if (!hasTrouble) log.warn({ evt: "credential.use_unwritten", err: error });
      hasTrouble = true;
      for (const [id, use] of batch) if (!waiting.has(id)) waiting.set(id, use);
    }
  };
  const timer = setInterval(() => void flush(), FLUSH_MILLISECONDS);
  timer.unref();
  return {
    used(id, use) {
      const earlier = written.get(id);
      const isKnown =
        earlier !== undefined &&
        use.at < earlier.at + REPEAT_SECONDS &&
        use.at >= earlier.at &&
        use.address === earlier.address &&
        use.program === earlier.program;
      if (isKnown) return;
      written.delete(id);
      written.set(id, use);
      waiting.set(id, use);
      if (written.size <= REMEMBERED_MAX) return;
      const [oldest] = written.keys();
      if (oldest !== undefined) written.delete(oldest);
    },
    async stop() {
      clearInterval(timer);
      await flush();
    },
  };
}
