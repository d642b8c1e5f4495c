// What is kept of requests must not keep a secret beside it in memory: V8 cuts a text by pointing into the whole of it.
import { execFileSync } from "node:child_process";
import { expect, test } from "@jest/globals";

/** Reads requests with passwords in them, keeps what the server keeps, and looks for the passwords in its own memory. */
const PROGRAM = `
import { Readable } from "node:stream";
import { getHeapSnapshot } from "node:v8";
import { parseName } from "./src/domain/account.ts";
import { readTokenRequest } from "./src/http/read-token-request.ts";
const origin = { source: "192.0.2.1", sender: { address: "192.0.2.1", program: "" } };
// In two halves: the program's own text must not be what is found.
const passwordOf = (number) => "canary" + "-password-" + number;
const requestOf = (method, headers, body) =>
  Object.assign(Readable.from(body === undefined ? [] : [Buffer.from(body)]), {
    method, headers, rawHeaders: Object.entries(headers).flat(),
  });
const scope = "scope=repository:team/application:pull";
const form = (password) =>
  "grant_type=password&username=alice-in-wonderland&password=" + password + "&service=registry-of-the-company&client_id=x&" + scope;
const type = { "content-type": "application/x-www-form-urlencoded" };
const basic = (password) => ({ authorization: "Basic " + Buffer.from("alice-in-wonderland:" + password).toString("base64") });
const kept = [];
const keep = async (request, query) => {
  const read = await readTokenRequest(request, query, origin);
  if (!read.ok) return void kept.push(read.error.claimedName);
  const { service, scopes, credential } = read.value;
  kept.push([service, scopes, credential.kind === "password" ? parseName(credential.name) : null]);
};
await keep(requestOf("POST", type, form(passwordOf(1))), "");
await keep(requestOf("GET", basic(passwordOf(2))), "service=registry&" + scope);
await keep(requestOf("GET", {}), "service=registry-of-the-company&" + scope + "&password=" + passwordOf(3));
const refresh = (fields, number) => keep(requestOf("POST", type, fields + "&refresh_token=" + passwordOf(number)), "");
await refresh("grant_type=refresh_token&service=registry-of-the-company&client_id=x&" + scope, 4);
await refresh("service=registry-of-the-company", 5);
await refresh("grant_type=refresh_token&service=registry-of-the-company&password=" + passwordOf(6), 7);
await refresh("grant_type=refresh_token&service=registry-of-the-company&passwd=" + passwordOf(8), 9);
await refresh("service=registry-of-the-company&refresh%5ftoken=" + passwordOf("a"), "b");
// The engine remembers the last text that a regular expression was tried on.
/x/.exec("x");
await new Promise((resolve) => setTimeout(resolve, 50));
let text = "";
for await (const chunk of getHeapSnapshot()) text += chunk;
const found = [1, 2, 3, 4, 5, 6, 7, 8, 9, "a", "b"].filter((number) => text.includes(passwordOf(number)));
const isThere = text.includes("alice-in-" + "wonderland");
console.log(JSON.stringify({ found, isThere, kept: kept.length }));
`;

test("E01: no password stays in memory beside what is kept of its request", () => {
  const args = ["--import", "tsx", "--input-type=module", "--eval", PROGRAM];
  const output = execFileSync(process.execPath, args, { encoding: "utf8" });
  expect(JSON.parse(output)).toEqual({ found: [], isThere: true, kept: 8 });
});
