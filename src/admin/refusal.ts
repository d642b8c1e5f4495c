// Why a use case refused, in one line for a person: what was wrong and what to do.
import type { CredentialRefusal } from "../domain/credential.js";
import type { AccountRefusal, GroupRefusal, ImageRefusal } from "../domain/ports.js";
import { err } from "../domain/result.js";

/** `usage`: the words were wrong (exit 2). `refused`: no (exit 1). `busy`: not now (exit 75). Nothing changed. */
export interface Refusal {
  readonly kind: "usage" | "refused" | "busy";
  readonly message: string;
}

/** A result that is a refusal, whatever was asked for. */
export type Refused = { readonly ok: false; readonly error: Refusal };

/** A refusal for malformed words. */
export function usage(message: string): Refused {
  return err({ kind: "usage", message });
}

/** A refusal for what is well-formed but can't be. */
export function refused(message: string): Refused {
  return err({ kind: "refused", message });
}

/** The store's refusals in words. */
export function describeRefusal(
  refusal: AccountRefusal | GroupRefusal | ImageRefusal | CredentialRefusal,
): Refused {
  switch (refusal.reason) {
    case "unknown-account":
      return refused(`there is no account ${refusal.name}; see dockwarden user list`);
    case "unknown-group":
      return refused(`there is no group ${refusal.name}; see dockwarden group list`);
    case "name-taken":
      return refused(`the name ${refusal.name} is taken; choose another`);
    case "unknown-owner":
      return refused(`there is no user ${refusal.name} who could own it; see dockwarden user list`);
    case "owns-robots": {
      const [robot = ""] = refusal.robots;
      return refused(
        `${refusal.name} owns ${refusal.robots.join(", ")}; give each to somebody (dockwarden robot update ${robot} --owner NAME) or end it (dockwarden robot disable ${robot}), then remove ${refusal.name}`,
      );
    }
    case "wrong-kind":
      return refused(
        `${refusal.name} can't have that: users have personal tokens (dockwarden token create NAME), robots have secrets (dockwarden robot rotate NAME)`,
      );
    case "unknown-credential":
      return refused(`there is no credential ${refusal.id}; see dockwarden token list`);
    case "already-ended":
      return refused(`credential ${refusal.id} has ended already; nothing changed`);
    case "would-end":
      return refused(
        `${refusal.name} was given another secret meanwhile, and secret ${refusal.id} would end for one more; nothing changed; look (dockwarden robot show ${refusal.name}), and repeat if it is still needed`,
      );
    case "last-admin":
      return refused(
        `${refusal.name} is the last enabled admin without an end; make another one first (dockwarden user update NAME --permissions admin)`,
      );
    case "unknown-image":
      return refused(`there is no entry ${refusal.image}; see dockwarden image list`);
    case "image-taken":
      return refused(
        `${refusal.image} is registered already; change it with dockwarden image update`,
      );
  }
}
