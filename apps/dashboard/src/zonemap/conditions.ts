/** The conditions of zones as the map shows them: a colour of the Okabe-Ito palette, a sign, and words. */

export const CONDITIONS = [
  'empty',
  'implicit-open',
  'explicit-open',
  'closed',
  'full',
  'not-wp',
  'read-only',
  'offline',
] as const;
export type Condition = (typeof CONDITIONS)[number];

export interface ConditionLook {
  readonly name: string;
  readonly about: string;
  /** `#rrggbb`, distinct for every common kind of colour vision. */
  readonly colour: string;
  /** As in `zonelab zones --map`: what tells it without colour. */
  readonly sign: string;
}

export const LOOKS: Readonly<Record<Condition, ConditionLook>> = {
  empty: { name: 'empty', about: 'nothing written', colour: '#8a94a3', sign: '.' },
  'implicit-open': {
    name: 'implicitly open',
    about: 'opened by a write',
    colour: '#56b4e9',
    sign: 'o',
  },
  'explicit-open': {
    name: 'explicitly open',
    about: 'opened by command',
    colour: '#0072b2',
    sign: 'O',
  },
  closed: {
    name: 'closed',
    about: 'written in part, holds no open slot',
    colour: '#e69f00',
    sign: 'c',
  },
  full: { name: 'full', about: 'takes no write until it is reset', colour: '#009e73', sign: '#' },
  'not-wp': {
    name: 'conventional',
    about: 'no write pointer: written anywhere',
    colour: '#999999',
    sign: '-',
  },
  'read-only': { name: 'read-only', about: 'worn: can only be read', colour: '#cc79a7', sign: 'r' },
  offline: {
    name: 'offline',
    about: 'lost: neither read nor written',
    colour: '#d55e00',
    sign: 'x',
  },
};

export const indexOfCondition = (condition: Condition): number => CONDITIONS.indexOf(condition);
