// `npm test`: set-up, build, then the unit and the end-to-end tests in one run, the files that take longest first.
// `npm run test:containers`: the same with the container tests alone. More arguments go to jest: `npm test -- test/domain`.
// The last line says what passed, failed and was skipped.
import { mkdtempSync, existsSync, readFileSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "./build.mjs";
import { runInForeground } from "./run-child.mjs";
import { ROOT, runScript, setUp } from "./setup.mjs";

const CONTAINERS = "--containers";

/** NOTE jest itself takes one worker on two cores. Above four the end-to-end tests would but wait for each other. */
const WORKERS = Math.min(4, Math.max(2, availableParallelism() - 1));

await runScript(async () => {
  await setUp();
  const code = await build();
  if (code !== 0) return code;
  const folder = mkdtempSync(join(tmpdir(), "dockwarden-test-"));
  try {
    const args = process.argv.slice(2);
    if (!args.includes(CONTAINERS)) {
      const projects = ["--selectProjects=unit", "--selectProjects=e2e"];
      return await runTests(folder, [...projects, `--maxWorkers=${WORKERS}`], args);
    }
    const rest = args.filter((arg) => arg !== CONTAINERS);
    return await runTests(folder, ["--selectProjects=containers", "--runInBand"], rest);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

async function runTests(folder, options, args) {
  const total = { passed: 0, failed: 0, skipped: 0 };
  const report = join(folder, "report.json");
  const code = await runJest(folder, report, [...options, ...args]);
  addCounts(total, report);
  const isEmpty = total.passed + total.failed + total.skipped === 0;
  if (isEmpty) console.error(`No test matches: ${args.join(" ")}`);
  console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`);
  return code !== 0 || isEmpty || total.failed > 0 ? 1 : 0;
}

function runJest(folder, report, args) {
  const jest = join(ROOT, "node_modules", "jest", "bin", "jest.js");
  const common = ["--passWithNoTests", "--json", `--outputFile=${report}`];
  const flags = `${process.env.NODE_OPTIONS ?? ""} --experimental-vm-modules --no-warnings=ExperimentalWarning`;
  // Keys that many tests copy lie beside the report: test/support/made-ring.ts.
  const env = { NODE_OPTIONS: flags.trim(), DOCKWARDEN_TEST_RINGS: folder };
  return runInForeground([jest, ...args, ...common], { cwd: ROOT, env });
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
