// How the newcomer fared, who typed the guides' lines: each did what the guide promises behind its #.
import { describe, expect, test } from "@jest/globals";
import { ON_LAPTOP, ON_SERVER, TRUST_STEP } from "../newcomer.js";
import type { ContainerSite } from "../site.js";
import { expectAsPromised } from "../typist.js";

export function testReadme(useSite: () => ContainerSite): void {
  describe("what the guides tell people to type", () => {
    const lines = [...ON_SERVER, ...TRUST_STEP, ...ON_LAPTOP];

    test.each(lines.map((line) => [line.place, line.text, line] as const))(
      "%s: %s",
      (_place, _text, line) => {
        const outcome = useSite().journey.screens.get(line);
        if (outcome === undefined) throw new Error("nobody typed this line");
        expectAsPromised(line, outcome);
      },
    );

    test("a push is denied, with a stopwatch from the first line on, and a second machine logs in", () => {
      const { secondsToDenial, secondsToLogin, screens } = useSite().journey;
      process.stdout.write(
        `Stopwatch: from the README's first line to the first denied push ${secondsToDenial.toFixed(0)} s, image built on the way; to a login from a second machine ${secondsToLogin.toFixed(0)} s\n`,
      );
      expect(secondsToDenial).toBeGreaterThan(0);
      const last = ON_LAPTOP.at(-1);
      const screen = last === undefined ? undefined : screens.get(last);
      expect(last?.text).toContain("docker login");
      expect(screen?.text).toContain("Login Succeeded");
    });

    test("Dockwarden beside another registry leaves the stack in the same folder alone", () => {
      expect(useSite().journey.containers).toEqual(
        [
          "dockwarden-join_dockwarden_1",
          "newcomer_door_1",
          "newcomer_dockwarden_1",
          "newcomer_registry_1",
        ].sort(),
      );
    });
  });
}
