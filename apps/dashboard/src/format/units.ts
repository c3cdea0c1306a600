/** Numbers as people read them. */

const BINARY = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB'];

/** Bytes in 1024s, with at most three digits that count: `1.5 GiB`. */
export function formatBytes(bytes: number): string {
  let unit = 0;
  let value = bytes;
  while (value >= 1024 && unit < BINARY.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${digits(value)} ${BINARY[unit]}`;
}

export function formatRate(bytesPerSecond: number | null): string {
  return bytesPerSecond === null ? '–' : `${formatBytes(bytesPerSecond)}/s`;
}

export function formatCount(value: number): string {
  return value.toLocaleString('en-US').replaceAll(',', '\u202f');
}

/** Counts in 1000s: `132 k`. */
export function formatLarge(value: number | null): string {
  if (value === null) return '–';
  if (value < 10 && !Number.isInteger(value)) return digits(value);
  if (value < 10_000) return formatCount(Math.round(value));
  const [scaled, suffix] = value < 1e6 ? [value / 1e3, 'k'] : [value / 1e6, 'M'];
  return `${digits(scaled)}\u202f${suffix}`;
}

/** Simulated nanoseconds: `11.4 µs`. */
export function formatNs(ns: number | null): string {
  if (ns === null) return '–';
  const [value, unit] =
    ns < 1e3
      ? [ns, 'ns']
      : ns < 1e6
        ? [ns / 1e3, 'µs']
        : ns < 1e9
          ? [ns / 1e6, 'ms']
          : [ns / 1e9, 's'];
  return `${digits(value)} ${unit}`;
}

export function formatPercent(share: number): string {
  return `${(share * 100).toFixed(share > 0 && share < 0.1 ? 1 : 0)} %`;
}

/** `3 s`, `5 min`, `2 h`, `4 d`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min`;
  if (seconds < 129_600) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

export function formatAge(time: string, now = Date.now()): string {
  const seconds = Math.max(0, (now - Date.parse(time)) / 1000);
  return seconds < 2 ? 'now' : `${formatSeconds(seconds)} ago`;
}

function digits(value: number): string {
  const text = value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}
