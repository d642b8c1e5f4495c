// The kinds of values that settings have: each checks itself and says in words what is allowed.
import { isIP } from "node:net";
import { z } from "./zod.js";

const HOST_NAME = /^[A-Za-z0-9_](?:[A-Za-z0-9._-]{0,251}[A-Za-z0-9_])?$/;
const HOST_WITH_PORT = /^([A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::(\d{1,5}))?$/;
const SERVICE_NAME = /^[A-Za-z0-9._:/-]{1,255}$/;
const CONTROL = /[\p{Cc}\p{Zl}\p{Zp}]/u;
const SECRET_LENGTH = 16;

/** A whole number; both ends are allowed. */
export const wholeNumber = (min: number, max: number) => z.int().min(min).max(max);

/** A number of days, at most ten years. */
export const days = (min: number) => wholeNumber(min, 3650);

export const port = wholeNumber(0, 65_535);

function isPlainText(value: string, maxLength: number): boolean {
  return (
    value !== "" && value.length <= maxLength && value.trim() === value && !CONTROL.test(value)
  );
}

/** One line without spaces around it. */
export const text = z
  .string()
  .refine(
    (value) => isPlainText(value, 255),
    "must be 1 to 255 characters on one line, without spaces around them",
  );

/** A file or folder; relative ones are completed later. */
export const path = z
  .string()
  .refine((value) => isPlainText(value, 4096), "must be a path, without spaces around it")
  .refine((value) => !value.startsWith("~"), "must be a whole path: ~ is not expanded here");

/** What stays hidden; never printed, and long enough not to be guessed. */
export const secret = z
  .string()
  .refine(
    (value) =>
      value.trim() !== "" && !CONTROL.test(value) && Array.from(value).length >= SECRET_LENGTH,
    `must be at least ${SECRET_LENGTH} characters on one line`,
  );

/** An address or name to listen on; IPv6 without brackets. */
export const listenHost = z
  .string()
  .refine(
    (value) => isIP(value) !== 0 || (HOST_NAME.test(value) && !/^[\d.]+$/.test(value)),
    "must be an address or a host name, such as 127.0.0.1 or ::1",
  );

function isPublicUrl(value: string): boolean {
  const authority = /^https?:\/\/([^/]+)\/?$/i.exec(value)?.[1];
  return authority !== undefined && HOST_WITH_PORT.test(authority) && URL.canParse(value);
}

/** `https://auth.example.com` and nothing behind it: no account, path, query or fragment. */
export const publicUrl = z
  .string()
  .refine(
    isPublicUrl,
    "must be an http or https URL without account, path and query, such as https://auth.example.com",
  );

/** `registry.example.com` or `localhost:5000`: what stands before the first slash of an image's name. */
export const registryHost = z.string().refine((value) => {
  const found = HOST_WITH_PORT.exec(value);
  return found !== null && Number(found[2] ?? "1") >= 1 && Number(found[2] ?? "1") <= 65_535;
}, "must be HOST or HOST:PORT, without http:// and without a path");

function isRegistryUrl(value: string): boolean {
  const equals = value.indexOf("=");
  const [name, url] =
    equals === -1 ? [null, value] : [value.slice(0, equals), value.slice(equals + 1)];
  if (name !== null && !SERVICE_NAME.test(name)) return false;
  return isPublicUrl(url);
}

/** Where clouds keep their machines' secrets; in any spelling, because URL writes addresses in one way (THREATS F14). */
function isLinkLocal(entry: string): boolean {
  const url = entry.slice(entry.indexOf("=") + 1);
  if (!URL.canParse(url)) return false;
  return /^169\.254\.|^\[(?:fe[89ab]|::ffff:a9fe:)/i.test(new URL(url).hostname);
}

/** `http://registry:5000`, or `SERVICE=http://registry:5000`; nothing behind host and port. */
export const registryUrl = z
  .string()
  .refine(
    isRegistryUrl,
    "must be an http or https URL without account, path and query, perhaps with SERVICE= before it, such as http://registry:5000",
  )
  .refine(
    (value) => !isLinkLocal(value),
    "must not be a link-local address (169.254.…, fe80:…): no registry lives there, but secrets of clouds do",
  );

function isAddressOrRange(entry: string): boolean {
  const [address = "", prefix, ...rest] = entry.split("/");
  const version = isIP(address);
  if (version === 0 || rest.length > 0 || /[%]|^::ffff:/i.test(address)) return false;
  if (prefix === undefined) return true;
  return /^[1-9]\d{0,2}$/.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128);
}

/** A proxy's address or range; one that holds everybody would let every client choose its own address (THREATS B16). */
export const proxyAddress = z
  .string()
  .refine(
    isAddressOrRange,
    "must be an address or a range such as 10.0.0.0/8; names, * and ranges of everybody (/0) are not taken",
  );

/** A registry's `auth.token.service`; never a pattern (THREATS K02). */
export const serviceName = z
  .string()
  .refine(
    (value) => SERVICE_NAME.test(value),
    "must be 1 to 255 of A-Z a-z 0-9 . _ : / - (no patterns)",
  );
