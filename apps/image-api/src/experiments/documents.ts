/** Reports in the form that was asked for. */

import type { ReportQuery } from '@zonelab/contracts';
import {
  type ComparedRun,
  compareReports,
  comparisonCsv,
  renderComparison,
} from '@zonelab/zone-workload';
import type { FastifyReply } from 'fastify';

export interface ReportDocument {
  readonly type: 'application/json' | 'text/html' | 'text/csv';
  readonly content: unknown;
}

/** Sets the type of the answer and gives its content. */
export function send(reply: FastifyReply, { type, content }: ReportDocument): unknown {
  reply.type(`${type}; charset=utf-8`);
  return content;
}

export function comparisonDocument(
  name: string,
  runs: readonly ComparedRun[],
  format: ReportQuery['format'],
): ReportDocument {
  if (format === 'html') return { type: 'text/html', content: renderComparison(name, runs) };
  const comparison = compareReports(runs);
  return format === 'csv'
    ? { type: 'text/csv', content: comparisonCsv(comparison) }
    : { type: 'application/json', content: comparison };
}
