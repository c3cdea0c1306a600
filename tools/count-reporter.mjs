// Jest reporter that leaves a run's counts in the file named by ZONELAB_COUNTS (relative to the project), for
// the sum that `zonelab test` prints. The file is a declared output of the Nx targets: a cached run keeps its counts.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

export default class CountReporter {
  onRunComplete(_contexts, results) {
    const file = process.env.ZONELAB_COUNTS;
    if (!file) return;
    const { numPassedTests, numFailedTests, numRuntimeErrorTestSuites } = results;
    const counts = { passed: numPassedTests, failed: numFailedTests + numRuntimeErrorTestSuites };
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${JSON.stringify(counts)}\n`);
  }
}
