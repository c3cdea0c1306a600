/** Values of fio options, read as fio reads them, and the options that mean nothing to a simulation. */
import type { Distribution } from '../definition.ts';

/** Of the host's machinery, or of things that no simulated device tells apart: read and passed over. */
export const WITHOUT_EFFECT: ReadonlySet<string> = new Set([
  'allow_file_create',
  'allow_mounted_write',
  'buffered',
  'bwavgtime',
  'clat_percentiles',
  'clocksource',
  'continue_on_error',
  'cpus_allowed',
  'cpus_allowed_policy',
  'create_on_open',
  'create_serialize',
  'description',
  'direct',
  'disable_clat',
  'disable_lat',
  'disable_slat',
  'disk_util',
  'do_verify',
  'end_fsync',
  'eta',
  'exitall',
  'experimental_verify',
  'fallocate',
  'fdatasync',
  'file_service_type',
  'filename',
  'fixedbufs',
  'fsync',
  'gtod_reduce',
  'group_reporting',
  'hipri',
  'invalidate',
  'iodepth_batch',
  'iodepth_batch_complete',
  'iodepth_batch_complete_max',
  'iodepth_batch_complete_min',
  'iodepth_batch_submit',
  'iodepth_low',
  'iomem',
  'iopsavgtime',
  'lat_percentiles',
  'lockmem',
  'log_avg_msec',
  'log_hist_msec',
  'log_max_value',
  'log_offset',
  'log_unix_epoch',
  'mem',
  'name',
  'new_group',
  'nice',
  'norandommap',
  'nonvectored',
  'numa_cpu_nodes',
  'numa_mem_policy',
  'output',
  'overwrite',
  'per_job_logs',
  'percentile_list',
  'prio',
  'prioclass',
  'randrepeat',
  'allrandrepeat',
  'random_generator',
  'randseed',
  'refill_buffers',
  'registerfiles',
  'scramble_buffers',
  'significant_figures',
  'slat_percentiles',
  'sqthread_poll',
  'stats',
  'steadystate',
  'sync',
  'thread',
  'unified_rw_reporting',
  'unlink',
  'verify',
  'verify_backlog',
  'verify_fatal',
  'verify_state_save',
  'write_bw_log',
  'write_iops_log',
  'write_lat_log',
  'zero_buffers',
  'buffer_compress_percentage',
  'buffer_pattern',
  'ignore_zone_limits',
]);

/** Engines that give one command at a time, whatever `iodepth` says. */
export const SYNCHRONOUS_ENGINES: ReadonlySet<string> = new Set([
  'sync',
  'psync',
  'vsync',
  'pvsync',
  'pvsync2',
  'mmap',
  'ftruncate',
]);
export const ASYNCHRONOUS_ENGINES: ReadonlySet<string> = new Set([
  'libaio',
  'posixaio',
  'io_uring',
  'io_uring_cmd',
  'solarisaio',
  'windowsaio',
  'sg',
  'null',
  'libzbc',
  'xnvme',
  'spdk',
  'nbd',
  'libblkio',
  'external',
]);

const UNITS: Readonly<Record<string, number>> = {
  '': 1,
  b: 1,
  k: 1024,
  kb: 1024,
  m: 1024 ** 2,
  mb: 1024 ** 2,
  g: 1024 ** 3,
  gb: 1024 ** 3,
  t: 1024 ** 4,
  tb: 1024 ** 4,
  p: 1024 ** 5,
  pb: 1024 ** 5,
  // with fio's default kb_base=1024 the IEC prefixes are the decimal ones
  ki: 1e3,
  kib: 1e3,
  mi: 1e6,
  mib: 1e6,
  gi: 1e9,
  gib: 1e9,
  ti: 1e12,
  tib: 1e12,
  pi: 1e15,
  pib: 1e15,
};

/** Bytes; undefined where the text is no size. */
export function fioSize(text: string): number | undefined {
  const hex = /^0x[0-9a-f]+$/i.test(text) ? Number(text) : undefined;
  if (hex !== undefined) return Number.isSafeInteger(hex) ? hex : undefined;
  const found = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text);
  const unit = UNITS[found?.[2]?.toLowerCase() ?? '-'];
  if (!found || unit === undefined) return undefined;
  const bytes = Number(found[1]) * unit;
  return Number.isSafeInteger(bytes) ? bytes : undefined;
}

const TIME_UNITS: Readonly<Record<string, number>> = {
  d: 86_400,
  h: 3600,
  m: 60,
  s: 1,
  ms: 1e-3,
  us: 1e-6,
};

/** Seconds; a bare number counts `unit`. */
export function fioTime(text: string, unit: 's' | 'us'): number | undefined {
  const found = /^(\d+(?:\.\d+)?)(d|h|m|s|ms|us)?$/i.exec(text);
  if (!found) return undefined;
  return Number(found[1]) * (TIME_UNITS[(found[2] ?? unit).toLowerCase()] as number);
}

export function fioBool(text: string | undefined): boolean | undefined {
  if (text === undefined || text === '1' || text === 'true') return true;
  return text === '0' || text === 'false' ? false : undefined;
}

/** `random`, `zipf:theta`, `pareto:h`; undefined for others. */
export function fioDistribution(text: string): Distribution | undefined {
  const [kind, parameter] = text.split(':');
  const value = parameter === undefined ? undefined : Number(parameter);
  if (value !== undefined && !(value > 0)) return undefined;
  if (kind === 'random') return { kind: 'uniform' };
  if (kind === 'zipf') return { kind: 'zipf', theta: value ?? 1.1 };
  if (kind === 'pareto' && (value ?? 0.2) < 1) return { kind: 'pareto', h: value ?? 0.2 };
  return undefined;
}
