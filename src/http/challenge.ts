// The challenge of a registry whose realm we are, as Distribution writes it: no space behind commas (REGISTRY-FACTS §1.2).

export interface Challenge {
  readonly service: string;
  /** Null: nothing of one repository. */
  readonly scope: string | null;
  /** Absent: no token came. */
  readonly error?: "invalid_token" | "insufficient_scope";
}

/** `Bearer realm="https://auth.example.com/token",service="registry",scope="…",error="invalid_token"`. */
export function challengeOf(publicUrl: string, { service, scope, error }: Challenge): string {
  const words = [
    `realm="${publicUrl}/token"`,
    `service="${service}"`,
    ...(scope === null ? [] : [`scope="${scope}"`]),
    ...(error === undefined ? [] : [`error="${error}"`]),
  ];
  return `Bearer ${words.join(",")}`;
}
