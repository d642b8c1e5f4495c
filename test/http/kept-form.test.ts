// A refresh in the usual words is read by a shorter way: it must read every form as the long way does.
import { expect, test } from "@jest/globals";
import type { IncomingMessage } from "node:http";
import { Readable } from "node:stream";
import { readTokenRequest } from "../../src/http/read-token-request.js";

async function read(body: string): Promise<unknown> {
  const headers = { "content-type": "application/x-www-form-urlencoded" };
  const request = Object.assign(Readable.from([Buffer.from(body)]), {
    method: "POST",
    headers,
    rawHeaders: Object.entries(headers).flat(),
  }) as unknown as IncomingMessage;
  const origin = { source: "192.0.2.1", sender: { address: "192.0.2.1", program: "" } };
  const answer = await readTokenRequest(request, "", origin);
  if (!answer.ok) return answer.error;
  const { credential, ...rest } = answer.value;
  const secret = credential.kind === "refresh" ? credential.token.reveal() : null;
  return { ...rest, kind: credential.kind, secret };
}

const SERVICE = "service=registry";
const TOKEN = "refresh_token=dwr_secret";
const GRANT = "grant_type=refresh_token";

const FORMS = [
  `${GRANT}&${SERVICE}&client_id=docker&scope=repository%3Aa%2Fb%3Apull&${TOKEN}`,
  `${TOKEN}&${GRANT}&${SERVICE}`,
  `${GRANT}&${TOKEN}&${SERVICE}&scope=repository:a:pull+repository:b:pull&scope=repository:a:push`,
  `${GRANT}&${SERVICE}&access_type=offline&${TOKEN}`,
  `${GRANT}&${SERVICE}&offline_token=true&${TOKEN}`,
  `${GRANT}&${SERVICE}&account=alice&${TOKEN}`,
  `&&${GRANT}&&${SERVICE}&${TOKEN}&`,
  `${GRANT}&${SERVICE}&refresh_token=a%00b%26c%3Dd%E2%82%AC+e`,
  `${GRANT}&${SERVICE}&${TOKEN}&${TOKEN}`,
  `${GRANT}&${SERVICE}&${TOKEN}&refresh%5Ftoken=other`,
  `${GRANT}&${SERVICE}&refresh%5Ftoken=other`,
  `${GRANT}&${SERVICE}&refresh_token=`,
  `${GRANT}&${SERVICE}&refresh_token`,
  `${GRANT}&${SERVICE}&refresh_token=%ff`,
  `${GRANT}&${SERVICE}&refresh_token=%`,
  `${GRANT}&${GRANT}&${SERVICE}&${TOKEN}`,
  `${GRANT}&${SERVICE}&${SERVICE}&${TOKEN}`,
  `${GRANT}&${TOKEN}`,
  `${GRANT}&service=&${TOKEN}`,
  `${GRANT}&service=%ff&${TOKEN}`,
  `${GRANT}&service=a%00&${TOKEN}`,
  `${GRANT}&${SERVICE}&scope=nonsense&${TOKEN}`,
  `grant_type=password&${SERVICE}&username=alice&password=p&${TOKEN}`,
  `grant_type=password&${SERVICE}&${TOKEN}`,
  `grant_type=&${SERVICE}&${TOKEN}`,
  `${SERVICE}&${TOKEN}`,
  `${GRANT}&${SERVICE}&username=alice&password=p&${TOKEN}`,
  `${GRANT}&${SERVICE}&username=a&username=b&${TOKEN}`,
];

test.each(FORMS)("%s", async (form) => {
  // A name that is nobody's is ignored, and never usual.
  const long = await read(`${form}&x=1`);
  expect(await read(form)).toEqual(long);
  expect(await read(form)).toEqual(long);
});

test("two refreshes in the same words differ by their secrets alone", async () => {
  const form = (secret: string): string => `${GRANT}&${SERVICE}&refresh_token=${secret}`;
  expect(await read(form("one"))).toMatchObject({ kind: "refresh", secret: "one" });
  expect(await read(form("two"))).toMatchObject({ kind: "refresh", secret: "two" });
  expect(await read(form("a%2Bb+c"))).toMatchObject({ secret: "a+b c", service: "registry" });
});
