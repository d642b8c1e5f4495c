// When a file that others write is read: never while it is being written.
import { mkdirSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "@jest/globals";
import { lookAt, SettledLooks, type Look } from "../src/policy-watch.js";
import { tempFolder } from "./support/temp.js";

const settled = (...looks: readonly Look[]): readonly boolean[] => {
  const all = new SettledLooks();
  return looks.map((look) => all.isSettled(look));
};
const fresh = (signature: string): Look => ({ signature, isOld: false });
const old = (signature: string): Look => ({ signature, isOld: true });

describe("a change counts", () => {
  test("at the first look, where the file has been left alone", () => {
    expect(settled(old("a"), old("a"))).toEqual([true, false]);
  });

  test("not before the file has been left alone, however equal two looks are", () => {
    expect(settled(fresh("a"), fresh("a"), old("a"), old("a"))).toEqual([
      false,
      false,
      true,
      false,
    ]);
  });

  test("when it was seen twice: a copy that goes on is another one", () => {
    expect(settled(old("a"), old("b"), fresh("c"), old("c"), old("c"))).toEqual([
      true,
      false,
      false,
      true,
      false,
    ]);
  });
});

describe("a look", () => {
  test("tells content, replacement, absence and other targets apart", async () => {
    const folder = tempFolder();
    const [file, link] = [join(folder, "file"), join(folder, "link")];
    const signatures: string[] = [];
    const look = async (): Promise<void> => {
      signatures.push((await lookAt([link])).signature);
    };
    await look();
    writeFileSync(file, "one");
    symlinkSync(file, link);
    await look();
    writeFileSync(file, "longer");
    await look();
    rmSync(link);
    mkdirSync(join(folder, "other"));
    symlinkSync(join(folder, "other"), link);
    await look();
    expect(new Set(signatures).size).toBe(4);
  });

  test("is fresh after a change, whatever time the file says that it has", async () => {
    const file = join(tempFolder(), "file");
    writeFileSync(file, "one");
    utimesSync(file, 1, 1);
    expect((await lookAt([file])).isOld).toBe(false);
    expect((await lookAt([process.execPath])).isOld).toBe(true);
  });
});
