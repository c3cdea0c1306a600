// Jest reporter that leaves a run's counts and the names of its failed tests in the file named by ZONELAB_COUNTS
// (relative to the project), for the sum that `zonelab test` prints. The file is a declared output of the Nx targets:
// a cached run keeps its counts.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, relative } from 'node:path';

export default class CountReporter {
  onRunComplete(_contexts, results) {
    const file = process.env.ZONELAB_COUNTS;
    if (!file) return;
    const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = results;
    const counts = {
      passed: numPassedTests,
      failed: numFailedTests + numRuntimeErrorTestSuites,
      failures: results.testResults.flatMap(failuresOf),
    };
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${JSON.stringify(counts)}\n`);
  }
}

/** A line for each failed test of a file, or one for a file that could not be run at all. */
function failuresOf({ testFilePath, testResults, testExecError }) {
  const file = relative(process.cwd(), testFilePath);
  const failed = testResults.filter(({ status }) => status === 'failed');
  const names = failed.map(({ fullName }) => `${file}: ${fullName}`);
  return testExecError ? [`${file}: ${testExecError.message}`, ...names] : names;
}
