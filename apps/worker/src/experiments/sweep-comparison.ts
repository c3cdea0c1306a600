/** The end of a sweep: one comparison of all its runs, written to the catalog. */
import { Injectable } from '@nestjs/common';
import { Catalog } from '@zonelab/catalog';
import { type ComparedRun, compareReports, type ExperimentReport } from '@zonelab/zone-workload';

@Injectable()
export class SweepComparison {
  constructor(private readonly catalog: Catalog) {}

  /** False while any of its experiments has not ended. Safe to repeat. */
  async finish(sweepId: string): Promise<boolean> {
    const reports = await this.catalog.sweeps.endedReports(sweepId);
    if (!reports) return false;
    const runs = reports.map(
      ({ label, values, report }): ComparedRun => ({
        label,
        values,
        report: report as unknown as ExperimentReport,
      }),
    );
    await this.catalog.sweeps.finish(sweepId, { ...compareReports(runs) });
    return true;
  }
}
