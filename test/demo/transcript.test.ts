// How the demo's transcript looks, line by line.
import { describe, expect, test } from "@jest/globals";
import type { Client } from "../../src/demo/client.js";
import type { Command } from "../../src/demo/stage.js";
import { tellStory } from "../../src/demo/story.js";
import { Transcript } from "../../src/demo/transcript.js";

function draw(act: (transcript: Transcript) => void, hasColour = false, width = 60): string {
  let text = "";
  const write = (more: string): void => void (text += more);
  act(new Transcript({ write, hasColour, width }));
  return text;
}

describe("the demo's transcript", () => {
  test("a command stands as one would type it, broken where a shell goes on", () => {
    const args = ["login", "--authfile", "reader.json", "--username", "reader", "a b", "host:1"];
    const text = draw((transcript) => {
      transcript.command({ program: "skopeo", args, input: "reader.password" });
    });
    expect(text).toBe(
      "    $ skopeo login --authfile reader.json --username \\\n" +
        "        reader 'a b' host:1 < reader.password\n",
    );
  });

  test("output is indented, without stamps and the rest of digests, and broken between words", () => {
    const digest = "0123456789ab".padEnd(64, "c");
    const message = `reading sha256:${digest}: errors:\\ndenied: requested access to the resource is denied\\n`;
    const text = draw((transcript) => {
      transcript.output(`time="2026-01-01T00:00:00Z" level=fatal msg="${message}"\n`);
    });
    expect(text).toBe(
      "      fatal: reading sha256:0123456789ab…: errors:\n" +
        "      denied: requested access to the resource is denied\n",
    );
  });

  test("a broken line of output stands in further than its first part", () => {
    const text = draw((transcript) => {
      transcript.output("  newly in (pull): every other signed-in account, within its permissions");
    });
    expect(text).toBe(
      "        newly in (pull): every other signed-in account,\n" +
        "          within its permissions\n",
    );
  });

  test("facts stand in two columns, also where one takes two lines", () => {
    const text = draw((transcript) => {
      transcript.facts([
        ["Client", "skopeo 1.9.3"],
        ["Registry", "localhost:5000, registry:3 in a container, trusting it"],
      ]);
    });
    expect(text).toBe(
      "  Client     skopeo 1.9.3\n" +
        "  Registry   localhost:5000, registry:3 in a container,\n" +
        "             trusting it\n",
    );
  });

  test("every step of the story gives its reason in one line of a small terminal", () => {
    const client: Client = {
      login: () => [],
      push: () => [],
      pull: () => [],
      forget: () => [],
    };
    const dockwarden = (): Command => ({ program: "dockwarden", args: [] });
    const story = tellStory(client, { url: "", host: "", dockwarden });
    expect(story).toHaveLength(12);
    expect(story.filter(({ why }) => why === "" || why.length > 76)).toEqual([]);
  });

  test("a long list loses its middle", () => {
    const lines = Array.from({ length: 20 }, (_, index) => `line ${index + 1}`);
    const text = draw((transcript) => {
      transcript.output(lines.join("\n"));
    });
    const shown = text.split("\n").map((line) => line.trim());
    expect(shown).toEqual([
      ...["line 1", "line 2", "line 3", "…"],
      ...["line 16", "line 17", "line 18", "line 19", "line 20", ""],
    ]);
  });

  test("L09: what a program prints can't steer the terminal", () => {
    const text = draw((transcript) => {
      transcript.output("red \u001b[31mhere\u0007 \u202eturned");
    });
    expect(text).toBe("      red [31mhere turned\n");
  });

  test("there is colour where it was asked for and nowhere else", () => {
    const act = (transcript: Transcript): void => {
      transcript.verdict(true, "allowed");
    };
    expect(draw(act, true)).toBe("    \u001b[32m✔ allowed\u001b[0m\n");
    expect(draw(act, false)).toBe("    ✔ allowed\n");
  });
});
