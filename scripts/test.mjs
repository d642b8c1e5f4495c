// `npm test`: set-up, build, the unit tests side by side, then the end-to-end tests two files at a time.
// `npm run test:containers`: the same with the container tests alone. More arguments go to jest: `npm test -- test/domain`.
// The last line says what passed, failed and was skipped.
import { mkdtempSync, existsSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "./build.mjs";
import { runInForeground } from "./run-child.mjs";
import { ROOT, runScript, setUp } from "./setup.mjs";

const CONTAINERS = "--containers";

await runScript(async () => {
  await setUp();
  const code = await build();
  if (code !== 0) return code;
  const folder = mkdtempSync(join(tmpdir(), "dockwarden-test-"));
  try {
    const args = process.argv.slice(2);
    if (!args.includes(CONTAINERS)) {
      return await runProjects(folder, [["unit"], ["e2e", "--maxWorkers=2"]], args);
    }
    const rest = args.filter((arg) => arg !== CONTAINERS);
    return await runProjects(folder, [["containers", "--runInBand"]], rest);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

async function runProjects(folder, projects, args) {
  const total = { passed: 0, failed: 0, skipped: 0 };
  let isFailed = false;
  for (const project of projects) {
    const report = join(folder, `${project[0]}.json`);
    const code = await runJest(report, project, args);
    isFailed ||= code !== 0;
    addCounts(total, report);
  }
  if (total.passed + total.failed + total.skipped === 0) {
    console.error(`No test matches: ${args.join(" ")}`);
    isFailed = true;
  }
  console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  return isFailed || total.failed > 0 ? 1 : 0;
}

function runJest(report, [project, ...options], args) {
  const jest = join(ROOT, "node_modules", "jest", "bin", "jest.js");
  const common = ["--passWithNoTests", "--json", `--outputFile=${report}`];
  const flags = `${process.env.NODE_OPTIONS ?? ""} --experimental-vm-modules --no-warnings=ExperimentalWarning`;
  return runInForeground([jest, "--selectProjects", project, ...options, ...common, ...args], {
    cwd: ROOT,
    env: { NODE_OPTIONS: flags.trim() },
  });
}

/** A file that can't even be loaded counts as one failure. */
function addCounts(total, report) {
  if (!existsSync(report)) {
    total.failed += 1;
    return;
  }
  const counts = JSON.parse(readFileSync(report, "utf8"));
  total.passed += counts.numPassedTests;
  total.failed += counts.numFailedTests + counts.numRuntimeErrorTestSuites;
  total.skipped += counts.numPendingTests + counts.numTodoTests;
}
