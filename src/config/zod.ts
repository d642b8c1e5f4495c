// zod, opened one file after the other: as an ES module it opens all its files at once, and with few file descriptors
// (`ulimit -n 64`, THREATS I07) nothing would start. Of its fifty languages only English is loaded.
import { createRequire, Module } from "node:module";
import type * as Zod from "zod";

const require = createRequire(import.meta.url);
const languages = require.resolve("zod/v4/locales/index.cjs");
const none = new Module(languages);
none.loaded = true;
require.cache[languages] ??= none;

export const { z } = require("zod") as typeof Zod;
