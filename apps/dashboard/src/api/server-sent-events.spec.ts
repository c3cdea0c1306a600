import { expect, it } from '@jest/globals';
import { EventParser, type ServerSentEvent } from './server-sent-events.ts';

const STREAM = [
  ': hello',
  'id: 7',
  'event: image.ready',
  'data: {"a":1}',
  '',
  'event: heartbeat',
  'data',
  '',
  'data: one',
  'data:two',
  '',
  'event: dropped, since it has no data',
  '',
  'id: 8\r',
  'data: last: with a colon\r',
  '\r',
  '',
].join('\n');

const EVENTS: ServerSentEvent[] = [
  { id: '7', type: 'image.ready', data: '{"a":1}' },
  { id: '7', type: 'heartbeat', data: '' },
  { id: '7', type: 'message', data: 'one\ntwo' },
  { id: '8', type: 'message', data: 'last: with a colon' },
];

it('gives the same events wherever the stream is cut in two', () => {
  for (let at = 0; at <= STREAM.length; at++) {
    const parser = new EventParser();
    const events = [...parser.take(STREAM.slice(0, at)), ...parser.take(STREAM.slice(at))];
    expect({ at, events }).toEqual({ at, events: EVENTS });
  }
});

it('gives the same events from single characters', () => {
  const parser = new EventParser();
  expect([...STREAM].flatMap((one) => [...parser.take(one)])).toEqual(EVENTS);
});
