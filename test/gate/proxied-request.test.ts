// The path as a registry reads it; every other spelling of it is refused.
import { describe, expect, test } from "@jest/globals";
import { readProxiedRequest } from "../../src/gate/proxied-request.js";

const HEX = "a".repeat(64);
const DIGEST = `sha256:${HEX}`;

function read(method: string, uri: string, contentTypes: readonly string[] = []) {
  const answer = readProxiedRequest({ method, uri, contentTypes });
  return answer.ok ? answer.value : answer.error;
}

describe("what clients ask for", () => {
  test.each([
    ["GET", "/v2/", { kind: "root" }],
    ["GET", "/v2", { kind: "root" }],
    ["GET", "/v2/_catalog?n=5", { kind: "root" }],
    ["GET", "/v2/team/app/tags/list?n=5", { kind: "tags", repository: "team/app" }],
    ["HEAD", `/v2/app/blobs/${DIGEST}`, { kind: "blob", repository: "app", digest: DIGEST }],
    [
      "GET",
      `/v2/app/referrers/${DIGEST}?artifactType=x`,
      { kind: "referrers", repository: "app", digest: DIGEST },
    ],
    [
      "GET",
      "/v2/localhost:5000/team/app/manifests/v1",
      {
        kind: "manifest",
        repository: "localhost:5000/team/app",
        reference: { tag: "v1" },
        alsoTags: [],
      },
    ],
    [
      "PUT",
      `/v2/app/manifests/${DIGEST}?tag=a&tag=b`,
      {
        kind: "manifest",
        repository: "app",
        reference: { digest: DIGEST },
        alsoTags: ["a", "b"],
      },
    ],
    [
      "POST",
      "/v2/app/blobs/uploads/",
      { kind: "upload", repository: "app", isNew: true, mount: null },
    ],
    [
      "PATCH",
      "/v2/app/blobs/uploads/3f0c-11?_state=abc%3D%3D",
      { kind: "upload", repository: "app", isNew: false, mount: null },
    ],
    [
      "POST",
      `/v2/app/blobs/uploads/?mount=${encodeURIComponent(DIGEST)}&from=other%2Fbase`,
      {
        kind: "upload",
        repository: "app",
        isNew: true,
        mount: { digest: DIGEST, from: "other/base" },
      },
    ],
  ])("%s %s is read", (method, uri, place) => {
    expect(read(method, uri)).toMatchObject({ place, method });
  });

  test.each([
    // Names may hold every word that a path has: the last segments decide, as in a registry's router.
    ["/v2/a/manifests/b/manifests/c", "a/manifests/b", { tag: "c" }],
    ["/v2/blobs/uploads/manifests/x", "blobs/uploads", { tag: "x" }],
    ["/v2/tags/list/manifests/list", "tags/list", { tag: "list" }],
    ["/v2/v2/manifests/v2", "v2", { tag: "v2" }],
    ["/v2/app/manifests/%76%31", "app", { tag: "v1" }],
    ["/v2/team%2Fapp/manifests/v1", "team/app", { tag: "v1" }],
    ["/v2/app/manifests/sha256%3A" + HEX, "app", { digest: DIGEST }],
    ["/v2/Team/app/manifests/v1", "Team/app", { tag: "v1" }],
  ])("%s names %s", (uri, repository, reference) => {
    expect(read("GET", uri)).toMatchObject({ place: { kind: "manifest", repository, reference } });
  });
});

describe("C05, C06: what no client writes", () => {
  const SPELLINGS = [
    "/v2/app/manifests/%2576%2531",
    "/v2/team%252Fapp/manifests/v1",
    "/v2//app/manifests/v1",
    "//v2/app/manifests/v1",
    "/v2/app//manifests/v1",
    "/v2/app/manifests//v1",
    "/v2/app/manifests/v1/",
    "/v2/app/manifests/./v1",
    "/v2/app/manifests/../manifests/v1",
    "/v2/x/../app/manifests/v1",
    "/v2/x/%2e%2e/app/manifests/v1",
    "/v2/./app/manifests/v1",
    "/v2/app/manifests/..",
    "/v2/app/manifests/.",
    "/v2/app/%6danifests%2Fv1/",
    "/v2/app/manifests/v1%00",
    "/v2/app/manifests/v1%0a",
    "/v2/app/manifests/v1%20",
    "/v2/app/manifests/ v1",
    "/v2/app/manifests/v1%3Fx",
    "/v2/app/manifests/v1%23x",
    "/v2/app/manifests/v1#x",
    "/v2/app/manifests/v1;x=y",
    "/v2/app/manifests/v1%3Bx",
    "/v2/app/manifests/v1%5C",
    "/v2/app\\manifests\\v1",
    "/v2/app/manifests/%c0%ae",
    "/v2/app/manifests/%ff",
    "/v2/app/manifests/%zz",
    "/v2/app/manifests/%u0076",
    "/v2/app/manifests/v1é",
    "/V2/app/manifests/v1",
    "/v2/app/Manifests/v1",
    "/v2/APP/manifests/v1",
    "/v2/app./manifests/v1",
    "/v2/.app/manifests/v1",
    "/v2/manifests/v1",
    "/v2/app/manifests/",
    "/v2/app/manifests",
    "/v2/app/manifests/-v1",
    "/v2/app/manifests/" + "t".repeat(129),
    `/v2/app/manifests/sha256:${"A".repeat(64)}`,
    `/v2/app/manifests/SHA256:${HEX}`,
    `/v2/app/manifests/sha256:${"a".repeat(63)}`,
    `/v2/app/manifests/md5:${"a".repeat(32)}`,
    `/v2/app/manifests/v1@${DIGEST}`,
    `/v2/app/blobs/${HEX}`,
    "/v2/app/blobs/v1",
    "/v2/app/blobs/uploads/a/b",
    "/v2/app/tags/list/",
    "/v2/app/tags",
    "/v2/_catalog/",
    "/v2/app",
    "/v2/app/",
    "/v3/app/manifests/v1",
    "/token",
    "http://evil/v2/app/manifests/v1",
    "v2/app/manifests/v1",
    "",
  ];

  test.each(SPELLINGS)("%j is refused", (uri) => {
    expect(read("GET", uri)).toBe("path");
  });

  test.each([
    "/v2/app/manifests/v1?tag=a;b",
    "/v2/app/manifests/v1?tag=%zz",
    "/v2/app/manifests/v1?tag=%ff",
    "/v2/app/manifests/v1?tag=a%20b",
    "/v2/app/manifests/v1?tag=",
    "/v2/app/blobs/uploads/?mount=x&from=other",
    `/v2/app/blobs/uploads/?mount=${DIGEST}&from=a:pull%20repository:victim/x:push,pull`,
    `/v2/app/blobs/uploads/?mount=${DIGEST}&from=../other`,
    `/v2/app/blobs/uploads/?mount=${DIGEST}&from=other&from=second`,
    `/v2/app/blobs/uploads/?mount=${DIGEST}&mount=${DIGEST}&from=other`,
    `/v2/app/blobs/uploads/?mount=${DIGEST};from=other`,
  ])("the query of %j is refused", (uri) => {
    expect(read("POST", uri)).toBe("query");
  });

  test.each(["TRACE", "CONNECT", "get", "PROPFIND", "", "constructor", "__proto__"])(
    "the method %j is refused",
    (method) => {
      expect(read(method, "/v2/")).toBe("method");
    },
  );

  test.each([
    "application/x-www-form-urlencoded",
    "Application/X-WWW-Form-URLencoded; charset=utf-8",
    " multipart/form-data; boundary=x",
    // As Node.js reads the UTF-8 of U+00A0, U+0085 and U+3000, which Go takes for white space.
    "\u00c2\u00a0application/x-www-form-urlencoded",
    "\u00c2\u0085application/x-www-form-urlencoded",
    "\u00e3\u0080\u0080multipart/form-data; boundary=x",
    "\vapplication/x-www-form-urlencoded",
  ])("a body of %j could carry mount and from past the gate", (type) => {
    expect(read("POST", "/v2/app/blobs/uploads/", [type])).toBe("form-body");
    expect(read("POST", "/v2/app/blobs/uploads/", ["text/plain", type])).toBe("form-body");
    expect(read("GET", "/v2/", [type])).toMatchObject({ place: { kind: "root" } });
  });

  test("J06: a long path of many slashes is read in no time that counts", () => {
    expect(read("GET", `/v2/${"a/".repeat(50_000)}manifests/v1`)).toBe("path");
    expect(read("GET", `/v2/${"a-".repeat(50_000)}!/manifests/v1`)).toBe("path");
  });
});
