// Columns of the sums that hold numbers of words, in the order in which they are written.

export const TOKEN_WORDS = ["account", "credential", "service", "image", "actions"] as const;
export const REFUSAL_WORDS = [
  "tried",
  "credential",
  "service",
  "image",
  "asked",
  "given",
  "reason",
  "path",
  "program",
] as const;
/** As many as ADDRESSES_MAX. */
export const ADDRESS_WORDS = ["address_1", "address_2", "address_3", "address_4"] as const;
