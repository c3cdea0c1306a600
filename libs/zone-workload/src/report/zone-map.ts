/** Zones as text, one character each; on large devices neighbours share one. */
import type { ZoneCondition } from '@zonelab/qcow2-zoned';
import { MAX_MAP_CHARACTERS } from '../limits.ts';

const CHARACTERS: Readonly<Record<ZoneCondition, string>> = {
  'not-wp': '=',
  empty: '.',
  'implicit-open': 'o',
  'explicit-open': 'O',
  closed: 'c',
  full: '#',
  'read-only': 'r',
  offline: 'x',
};
const PER_LINE = 64;

/** Where neighbours share a character, the condition that needs most attention shows. */
const PRECEDENCE: readonly ZoneCondition[] = [
  'offline',
  'read-only',
  'explicit-open',
  'implicit-open',
  'closed',
  'full',
  'empty',
  'not-wp',
];

/** Lines of at most 64 characters, each led by the index of its first zone, then a legend. */
export function renderZoneMap(conditions: readonly ZoneCondition[]): string {
  const zonesPerCharacter = Math.ceil(conditions.length / MAX_MAP_CHARACTERS) || 1;
  const width = `${conditions.length}`.length;
  const lines: string[] = [];
  for (let at = 0; at < conditions.length; at += PER_LINE * zonesPerCharacter) {
    const line = conditions.slice(at, at + PER_LINE * zonesPerCharacter);
    lines.push(`${`${at}`.padStart(width)}  ${renderLine(line, zonesPerCharacter)}`);
  }
  lines.push(legend(conditions, zonesPerCharacter));
  return lines.join('\n');
}

function renderLine(conditions: readonly ZoneCondition[], zonesPerCharacter: number): string {
  let line = '';
  for (let at = 0; at < conditions.length; at += zonesPerCharacter) {
    const group = new Set(conditions.slice(at, at + zonesPerCharacter));
    line += CHARACTERS[PRECEDENCE.find((condition) => group.has(condition)) ?? 'empty'];
  }
  return line;
}

function legend(conditions: readonly ZoneCondition[], zonesPerCharacter: number): string {
  const present = new Set(conditions);
  const entries = Object.entries(CHARACTERS)
    .filter(([condition]) => present.has(condition as ZoneCondition))
    .map(([condition, character]) => `${character} ${condition}`);
  const scale = zonesPerCharacter > 1 ? [`${zonesPerCharacter} zones per character`] : [];
  return [...entries, ...scale].join('   ');
}
