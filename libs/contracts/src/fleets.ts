/** Fleets: as many disks as wanted from one template, each exported, and brought to what is wanted step by step. */

import { z } from 'zod';
import {
  idField,
  idParamsSchema,
  labelsField,
  nameField,
  pageOf,
  pageQuerySchema,
  textField,
  timeField,
} from './common.ts';
import { clientStatsSchema, exportOptionsSchema, exportStatusField } from './exports.ts';
import { imageTemplateSchema, partialTemplateSchema, shownTemplateSchema } from './images.ts';
import { MAX_FLEET_DISKS, MAX_FLEET_NAME_LENGTH } from './limits.ts';

const countField = z.int().min(0).max(MAX_FLEET_DISKS);
const diskField = z
  .int()
  .min(0)
  .max(MAX_FLEET_DISKS - 1);

/** How the disks of a fleet are exported. */
export const fleetExportSchema = z.strictObject({
  readOnly: z.boolean().default(false),
  options: exportOptionsSchema.prefault({}),
});
export type FleetExport = z.infer<typeof fleetExportSchema>;

export const diskOverrideSchema = z.strictObject({
  disk: diskField.describe('Its number, from 0'),
  template: partialTemplateSchema.describe(
    'Fields in place of those of the template; with backingImageId or size, in place of all of them',
  ),
});
export type DiskOverride = z.infer<typeof diskOverrideSchema>;

export const fleetPlacementSchema = z.strictObject({
  gatewayIds: z
    .array(nameField)
    .max(MAX_FLEET_DISKS)
    .optional()
    .describe('Disks go round these; else each goes to the live gateway with the fewest exports'),
});

export const createFleetSchema = z
  .strictObject({
    name: nameField
      .max(MAX_FLEET_NAME_LENGTH)
      .describe('Disk 3 of fleet web is image and export web-3'),
    count: countField.describe('Disks'),
    template: imageTemplateSchema,
    overrides: z
      .array(diskOverrideSchema)
      .max(MAX_FLEET_DISKS)
      .refine(
        (all) => new Set(all.map(({ disk }) => disk)).size === all.length,
        'one override for each disk',
      )
      .default([]),
    export: fleetExportSchema.prefault({}),
    placement: fleetPlacementSchema.prefault({}),
    labels: labelsField.default({}).describe('Of its images'),
  })
  .meta({ id: 'CreateFleet' });
export type CreateFleet = z.infer<typeof createFleetSchema>;

/** More disks or fewer: those with the highest numbers go. */
export const updateFleetSchema = z.strictObject({ count: countField }).meta({ id: 'UpdateFleet' });
export type UpdateFleet = z.infer<typeof updateFleetSchema>;

export const fleetStatusField = z
  .enum(['changing', 'ready', 'degraded', 'deleting'])
  .describe('degraded: some disks are not as wanted; each says why, and is tried again');
export type FleetStatus = z.infer<typeof fleetStatusField>;

export const fleetSchema = z
  .object({
    id: idField,
    name: z.string(),
    status: fleetStatusField,
    count: z.int().describe('Disks that are wanted'),
    template: shownTemplateSchema,
    overrides: z.array(z.object({ disk: z.int(), template: shownTemplateSchema })),
    export: fleetExportSchema,
    placement: fleetPlacementSchema,
    labels: z.record(z.string(), z.string()),
    generation: z.int().describe('Grows with every change that is asked for'),
    disks: z
      .object({
        settled: z.int().describe('As wanted'),
        pending: z.int().describe('On their way'),
        failed: z.int().describe('Their last attempt failed'),
      })
      .describe('Disks by how far they are, those on their way out among them'),
    progress: z.number().min(0).max(1).describe('Of the change that is going on'),
    etaSeconds: z
      .number()
      .nullable()
      .describe('Seconds until the change is done, from its pace so far; null while unknown'),
    createdAt: timeField,
    updatedAt: timeField,
  })
  .meta({ id: 'Fleet' });
export type Fleet = z.infer<typeof fleetSchema>;

export const fleetPageSchema = pageOf(fleetSchema, 'FleetPage');
export const listFleetsSchema = pageQuerySchema.extend({ name: textField.optional() });
export type ListFleets = z.infer<typeof listFleetsSchema>;

export const fleetDiskSchema = z
  .object({
    disk: z.int().describe('Its number, from 0'),
    name: z.string().describe('Of its image and its export'),
    generation: z.int().describe('Grows when it is replaced'),
    desired: z.enum(['exported', 'absent']),
    actual: z
      .enum(['absent', 'created', 'exported'])
      .describe('created: its image, not its export'),
    settled: z.boolean().describe('Whether it is as wanted'),
    reason: z.string().nullable().describe('Why the last attempt failed'),
    attempts: z.int().describe('That have failed since it was last as wanted'),
    imageId: idField.nullable(),
    exportId: idField.nullable(),
    exportStatus: exportStatusField.nullable(),
    gatewayId: z.string().nullable(),
    uri: z.string().nullable(),
    machine: clientStatsSchema
      .nullable()
      .describe('What was seen of its clients, some seconds ago; null without an export'),
    zones: z
      .record(z.string(), z.int())
      .nullable()
      .describe('Zones by condition now; null where no gateway tells, and on a plain disk'),
    updatedAt: timeField,
  })
  .meta({ id: 'FleetDisk' });
export type FleetDisk = z.infer<typeof fleetDiskSchema>;

export const fleetDiskPageSchema = pageOf(fleetDiskSchema, 'FleetDiskPage');
export const listFleetDisksSchema = z.strictObject({
  limit: pageQuerySchema.shape.limit,
  cursor: z.coerce
    .number()
    .int()
    .min(0)
    .max(MAX_FLEET_DISKS)
    .optional()
    .describe('nextCursor of the page before'),
});
export type ListFleetDisks = z.infer<typeof listFleetDisksSchema>;

export const fleetDiskParamsSchema = idParamsSchema.extend({
  disk: z.coerce
    .number()
    .int()
    .min(0)
    .max(MAX_FLEET_DISKS - 1),
});
export type FleetDiskParams = z.infer<typeof fleetDiskParamsSchema>;

/** One document for each disk, or the reason why there is none. */
export const fleetAttachmentsSchema = z
  .object({
    items: z.array(
      z.object({
        disk: z.int(),
        name: z.string(),
        content: z.string().nullable(),
        problem: z
          .object({ code: z.string(), detail: z.string() })
          .nullable()
          .describe('Why it cannot be attached in this way now'),
      }),
    ),
  })
  .meta({ id: 'FleetAttachments' });
export type FleetAttachments = z.infer<typeof fleetAttachmentsSchema>;
