// What rounds come to, what the kernel counts, and which targets are met.
import { describe, expect, test } from "@jest/globals";
import { median, medianRatio, summarize, type Round } from "../../bench/speed/figures.js";
import { parseCores } from "../../bench/speed/machine.js";
import { figuresOf, formatColumns, formatRows, formatVerdicts } from "../../bench/speed/table.js";
import { countMet, judge, TARGETS, type Target } from "../../bench/speed/targets.js";
import { parseResident, parseSchedstat, parseTicks } from "../../bench/speed/usage.js";

const round = (rate: number, more: Partial<Round> = {}): Round => ({
  rate,
  p50: 1,
  p95: 2,
  p99: 3,
  cpu: 100,
  memory: 80,
  ...more,
});

describe("figures", () => {
  test("the median is the middle one, of an even number the lower of the middle two", () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([4, 1, 3, 2])).toBe(2);
    expect(median([])).toBeNaN();
  });

  test("each figure of a summary is a median by itself", () => {
    const rounds = [round(10, { p99: 9 }), round(30, { p99: 4 }), round(20, { p99: 5 })];
    expect(summarize(rounds)).toEqual({ rate: 20, p50: 1, p95: 2, p99: 5, cpu: 100, memory: 80 });
  });

  test("what is not known of a process stays unknown", () => {
    const rounds = [round(10, { cpu: null, memory: null })];
    expect(summarize(rounds)).toMatchObject({ cpu: null, memory: null });
  });

  test("a ratio is the median of the ratios of pairs, not the ratio of medians", () => {
    const ours = [round(10), round(90), round(30)];
    const floor = [round(100), round(100), round(50)];
    expect(medianRatio(ours, floor, ({ rate }) => rate)).toBe(0.6);
  });

  test("rounds without a partner, or with nothing below the line, make no ratio", () => {
    expect(medianRatio([round(10)], [], ({ rate }) => rate)).toBeNaN();
    expect(medianRatio([round(10)], [round(0)], ({ rate }) => rate)).toBeNaN();
    expect(medianRatio([round(1, { cpu: null })], [round(1)], ({ cpu }) => cpu)).toBeNaN();
  });
});

describe("what the kernel counts", () => {
  test("the ticks of user and system, whatever the program calls itself", () => {
    const rest = "S 1 7 7 0 -1 4194560 900 0 0 0 250 31 0 0 20 0 11 0 500 1000000 9000";
    expect(parseTicks(`7 (node) ${rest}`)).toBe(281);
    expect(parseTicks(`7 (a) b (c) ${rest}`)).toBe(281);
    expect(() => parseTicks("7 (node) S 1")).toThrow("without times");
  });

  test("resident memory in MB of a million bytes", () => {
    expect(parseResident("Name:\tnode\nVmRSS:\t   80000 kB\nRssAnon: 1 kB\n")).toBe(81.92);
    expect(() => parseResident("Name:\tnode\n")).toThrow("VmRSS");
  });

  test("a thread's time on a processor, and its waiting for one, in microseconds", () => {
    expect(parseSchedstat("2500000 1000 77\n")).toEqual({ ran: 2500, waited: 1 });
    expect(() => parseSchedstat("")).toThrow("without times");
  });

  test("the cores of an affinity list", () => {
    expect(parseCores("pid 7's current affinity list: 0,1\n")).toEqual([0, 1]);
    expect(parseCores("pid 7's current affinity list: 2-4,9\n")).toEqual([2, 3, 4, 9]);
    expect(parseCores("pid 7's current affinity list: 3\n")).toEqual([3]);
    expect(parseCores("")).toEqual([]);
  });
});

const ATLEAST: Target = {
  name: "fast",
  figure: { row: "anonymous", of: "ratio" },
  bound: { atLeast: 0.75 },
  unit: "×",
};
const ATMOST: Target = {
  name: "small",
  figure: { fact: "idle" },
  bound: { atMost: 90 },
  unit: "MB",
};

describe("targets", () => {
  const rows = [figuresOf({ name: "anonymous", ours: [round(75)], floor: [round(100)] })];

  test("a bound itself is met, and a little beside it is missed", () => {
    const facts = [{ name: "idle", value: 90.1, unit: "MB" }];
    const verdicts = judge({ rows, facts }, [ATLEAST, ATMOST]);
    expect(verdicts.map(({ measured, isMet }) => [measured, isMet])).toEqual([
      [0.75, true],
      [90.1, false],
    ]);
    expect(countMet(verdicts)).toBe("1 of 2 targets met");
    const text = formatVerdicts(verdicts);
    expect(text).toContain("≥ 0.75 ×");
    expect(text).toMatch(/small +≤ 90 MB +90.10 MB +MISSED/);
  });

  test("what was not measured is neither met nor missed, and counted as that", () => {
    const verdicts = judge({ rows: [], facts: [] }, [ATLEAST, ATMOST]);
    expect(verdicts.map(({ isMet }) => isMet)).toEqual([null, null]);
    expect(countMet(verdicts)).toBe("0 of 0 targets met (2 not measured)");
    expect(formatVerdicts(verdicts)).not.toContain("MISSED");
  });

  test("a ratio that is no number is not a missed target", () => {
    const alone = [figuresOf({ name: "anonymous", ours: [round(75)], floor: [] })];
    expect(judge({ rows: alone, facts: [] }, [ATLEAST])[0]?.isMet).toBeNull();
  });

  test("no target stands twice", () => {
    const names = TARGETS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
  });
});

describe("tables", () => {
  test("columns are as wide as their widest cell, figures to the right", () => {
    const text = formatColumns([
      ["case", "ours/s"],
      ["anonymous", "7"],
    ]);
    expect(text).toBe("case       ours/s\nanonymous       7");
  });

  test("a row has our figures beside the floor's", () => {
    const ours = [round(300, { cpu: 260 })];
    const text = formatRows([figuresOf({ name: "anonymous", ours, floor: [round(400)] })]);
    const cells = text.split("\n")[1]?.split(/ +/);
    const wanted = "anonymous 300 400 0.75 1.00 2.00 3.00 260 100 2.60 80";
    expect(cells?.join(" ")).toBe(wanted);
  });

  test("where there is no floor and no process to look at stands a dash", () => {
    const ours = [round(42.25, { cpu: null, memory: null })];
    const text = formatRows([figuresOf({ name: "peer", ours, floor: [] })]);
    expect(text.split("\n")[1]?.split(/ +/).join(" ")).toBe("peer 42.3 - - 1.00 2.00 3.00 - - - -");
  });
});
