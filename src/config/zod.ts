// zod, opened one file after the other: as an ES module it opens all its languages at once, and with few file descriptors
// (`ulimit -n 64`, THREATS I07) nothing would start.
import { createRequire } from "node:module";
import type * as Zod from "zod";

export const { z } = createRequire(import.meta.url)("zod") as typeof Zod;
