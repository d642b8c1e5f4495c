// What the HTTP edge logs: one line an event, never a secret, nothing unescaped. The logger itself is made by app.ts.

/** One event. `evt` names it: `token.issue`, `token.refuse`, `server.error`. */
export interface LogEvent {
  readonly evt: string;
  readonly [field: string]: unknown;
}

export interface Logger {
  info(event: LogEvent): void;
  warn(event: LogEvent): void;
  error(event: LogEvent): void;
  debug(event: LogEvent): void;
}
