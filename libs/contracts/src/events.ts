/** Events: what happened to images, exports, experiments and fleets, in order. */

import { z } from 'zod';
import { textField, timeField } from './common.ts';

export const eventTypeField = z.enum([
  'image.ready',
  'image.busy',
  'image.failed',
  'image.progress',
  'image.updated',
  'image.deleted',
  'image.zones-changed',
  'export.active',
  'export.failed',
  'export.deleted',
  'experiment.queued',
  'experiment.running',
  'experiment.progress',
  'experiment.succeeded',
  'experiment.failed',
  'experiment.cancelled',
  'fleet.changing',
  'fleet.ready',
  'fleet.degraded',
  'fleet.deleting',
  'fleet.deleted',
  'fleet.disk',
]);
export type EventType = z.infer<typeof eventTypeField>;

export const eventResourceField = z.enum(['image', 'export', 'experiment', 'fleet']);
export type EventResource = z.infer<typeof eventResourceField>;

export const eventSchema = z
  .object({
    id: z.string().describe('Its place in the order; give the last one seen as Last-Event-ID'),
    at: timeField,
    type: eventTypeField,
    resource: eventResourceField,
    resourceId: z.string(),
    data: z.record(z.string(), z.unknown()),
  })
  .meta({ id: 'Event' });
export type LabEvent = z.infer<typeof eventSchema>;

/** An event to be written down; the catalog gives it its id and time. */
export type NewEvent = Omit<LabEvent, 'id' | 'at'>;

export const listEventsSchema = z.strictObject({
  resource: eventResourceField.optional(),
  resourceId: textField.optional(),
});
export type ListEvents = z.infer<typeof listEventsSchema>;
