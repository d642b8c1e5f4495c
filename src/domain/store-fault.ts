// Why a store can't be opened, in words for the operator.

export interface StoreFault {
  readonly code:
    | "missing"
    | "foreign"
    | "damaged"
    | "newer"
    | "older"
    | "insecure"
    | "unsupported"
    | "busy"
    | "failed";
  /** What is wrong and what to do; no secret. */
  readonly message: string;
}
