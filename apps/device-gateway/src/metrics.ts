/**
 * What this gateway does, for Prometheus. Counters live with the exports and are read when somebody asks; an export's
 * series end with it.
 */

import { Injectable } from '@nestjs/common';
import { type ExportStats, LATENCY_BOUNDS, type LatencyCounts } from '@zonelab/nbd';
import type { ZonedDevice } from '@zonelab/qcow2-zoned';
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { Attachments } from './attachments.ts';
import { NbdFrontend } from './nbd-frontend.ts';
import { countZones } from './zone-counts.ts';

interface Reading {
  readonly export: string;
  readonly stats: ExportStats;
  readonly image: string;
  readonly device: ZonedDevice;
}

const LATENCY = {
  name: 'zonelab_export_request_seconds',
  help: 'From taking a request up to having its answer, of requests that succeeded',
};

/** The exports' own latency counts in the form of a histogram. */
class LatencyHistogram extends Histogram<'export' | 'kind'> {
  read: () => readonly Reading[] = () => [];

  /** What the registry asks for; `get` of the base class does too. */
  async getForPromString() {
    const values = this.read().flatMap(({ export: name, stats }) =>
      Object.entries(stats.latencies).flatMap(([kind, counts]) =>
        seriesOf(LATENCY.name, { export: name, kind }, counts),
      ),
    );
    return { ...LATENCY, type: 'histogram', aggregator: 'sum', values };
  }
}

@Injectable()
export class Metrics {
  private readonly registry = new Registry();

  constructor(
    private readonly frontend: NbdFrontend,
    private readonly attachments: Attachments,
  ) {
    collectDefaultMetrics({ register: this.registry });
    this.defineGauges();
    this.defineCounters();
    this.defineZones();
    const latencies = new LatencyHistogram({
      ...LATENCY,
      labelNames: ['export', 'kind'],
      registers: [this.registry],
    });
    latencies.read = () => this.read();
  }

  get contentType(): string {
    return this.registry.contentType;
  }

  /** All of it in Prometheus' text format. */
  text(): Promise<string> {
    return this.registry.metrics();
  }

  private read(): Reading[] {
    return this.attachments.list().flatMap(({ name, imageId, device }) => {
      const stats = this.frontend.server.stats(name);
      return stats === undefined ? [] : [{ export: name, stats, image: imageId, device }];
    });
  }

  private defineGauges(): void {
    const define = (name: string, help: string, value: (stats: ExportStats) => number) => {
      const read = () => this.read();
      new Gauge({
        name: `zonelab_export_${name}`,
        help,
        labelNames: ['export'],
        registers: [this.registry],
        collect() {
          this.reset();
          for (const { export: label, stats } of read()) this.set({ export: label }, value(stats));
        },
      });
    };
    define('connections', 'Clients connected', ({ connections }) => connections);
    define('in_flight_requests', 'Requests not answered yet', ({ inFlight }) => inFlight);
    define('held_bytes', 'Memory of requests and unsent replies', ({ heldBytes }) => heldBytes);
  }

  private defineCounters(): void {
    const define = (
      name: string,
      label: string,
      help: string,
      values: (stats: ExportStats) => Readonly<Record<string, number>>,
    ) => {
      const read = () => this.read();
      new Counter({
        name: `zonelab_export_${name}_total`,
        help,
        labelNames: ['export', label],
        registers: [this.registry],
        collect() {
          this.reset();
          for (const { export: name, stats } of read()) {
            for (const [key, value] of Object.entries(values(stats))) {
              this.inc({ export: name, [label]: key }, value);
            }
          }
        },
      });
    };
    define('bytes', 'direction', 'Bytes that clients read and wrote', (stats) => ({
      read: stats.readBytes,
      written: stats.writtenBytes,
    }));
    define('requests', 'outcome', 'Requests answered', ({ requests, errors }) => ({
      ok: requests - errors,
      error: errors,
    }));
    define('errors', 'identity', 'Requests refused or failed, by what refused them', (stats) => ({
      ...stats.errorsBy,
    }));
  }

  private defineZones(): void {
    const read = () => this.read();
    new Gauge({
      name: 'zonelab_image_zones',
      help: 'Zones of an exported image by condition',
      labelNames: ['image', 'condition'],
      registers: [this.registry],
      async collect() {
        this.reset();
        for (const [image, device] of new Map(read().map((one) => [one.image, one.device]))) {
          const { conditions = {} } = (await countZones(device)) ?? {};
          for (const [condition, count] of Object.entries(conditions))
            this.set({ image, condition }, count);
        }
      },
    });
  }
}

function seriesOf(
  name: string,
  labels: { readonly export: string; readonly kind: string },
  { buckets, total, sumSeconds }: LatencyCounts,
) {
  let cumulated = 0;
  const bounded = buckets.map((count, index) => {
    cumulated += count;
    return {
      metricName: `${name}_bucket`,
      labels: { ...labels, le: LATENCY_BOUNDS[index] as number },
      value: cumulated,
    };
  });
  return [
    ...bounded,
    { metricName: `${name}_bucket`, labels: { ...labels, le: '+Inf' }, value: total },
    { metricName: `${name}_sum`, labels, value: sumSeconds },
    { metricName: `${name}_count`, labels, value: total },
  ];
}
