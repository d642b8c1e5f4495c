// The better-sqlite3 that this Node.js can run; the only place that knows there are two (docs/decisions/0007).
import { createRequire } from "node:module";
import type SqliteDatabase from "better-sqlite3";

/** Releases from 13 on speak this version of Node-API, which Node.js 20 lacks: there they end the process. */
const NODE_API_MIN = 10;

const packageName =
  Number(process.versions["napi"]) >= NODE_API_MIN ? "better-sqlite3" : "better-sqlite3-node20";

/** better-sqlite3's class; the same in both releases as far as the store uses it. */
export const Database = createRequire(import.meta.url)(packageName) as typeof SqliteDatabase;
