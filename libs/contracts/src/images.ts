/** Images: qcow2 files, zoned or plain, as the catalog shows them. */

import { z } from 'zod';
import {
  idField,
  labelFilterField,
  labelsField,
  nameField,
  pageOf,
  pageQuerySchema,
  textField,
  timeField,
} from './common.ts';
import {
  countField,
  limitField,
  logicalBlockSizeField,
  profileField,
  SECTOR_BYTES,
} from './geometry.ts';
import { imageCheckSchema, imageWorkField } from './image-work.ts';
import { MAX_CLUSTER_BYTES, MIN_CLUSTER_BYTES } from './limits.ts';
import { SIZE_FORMS, sizeField } from './sizes.ts';

export const imageStatusField = z.enum(['creating', 'ready', 'busy', 'failed', 'deleting']);
export type ImageStatus = z.infer<typeof imageStatusField>;

const clusterSizeField = sizeField({
  min: MIN_CLUSTER_BYTES,
  max: MAX_CLUSTER_BYTES,
  powerOfTwo: true,
});

const zonedFields = {
  profile: profileField.optional(),
  zoneSize: sizeField({ min: SECTOR_BYTES }).optional(),
  zoneCapacity: sizeField({ min: SECTOR_BYTES }).optional(),
  conventionalZones: countField.optional(),
  maxOpenZones: limitField.optional(),
  maxActiveZones: limitField.optional(),
  maxAppendSectors: countField
    .optional()
    .describe('Largest append in 512-byte sectors; 0: no append'),
  logicalBlockSize: logicalBlockSizeField.optional(),
};

/** What an overlay has from its base. */
const inheritedFields = { size: sizeField({ min: SECTOR_BYTES }).optional(), ...zonedFields };

/** Also beside what is wrong with single fields, so that all is told at once. */
const whateverElse = {
  when: ({ value }: { value: unknown }) => typeof value === 'object' && !Array.isArray(value),
};

/** What an image is made of: a size, with or without zones, or a base that it is an overlay of. */
const makingFields = {
  ...inheritedFields,
  backingImageId: idField
    .optional()
    .describe('The new image is an overlay of this one, and has its size and its zones'),
  clusterSize: clusterSizeField.optional(),
};

/** A new image but for its name, of which several can be made. */
export const imageTemplateSchema = z
  .strictObject(makingFields)
  .superRefine(refineMaking, whateverElse)
  .meta({ id: 'ImageTemplate' });
export type ImageTemplate = z.infer<typeof imageTemplateSchema>;

/** A template as it is shown: sizes in bytes. */
export const shownTemplateSchema = z.object({
  ...zonedFields,
  backingImageId: idField.optional(),
  size: z.int().optional(),
  zoneSize: z.int().optional(),
  zoneCapacity: z.int().optional(),
  clusterSize: z.int().optional(),
});

/** Some fields of a template. */
export const partialTemplateSchema = z.strictObject(makingFields);

/** Without any of the zoned fields the image is a plain disk. */
export const createImageSchema = z
  .strictObject({ name: nameField, ...makingFields, labels: labelsField.default({}) })
  .superRefine(refineMaking, whateverElse)
  .meta({ id: 'CreateImage' });
export type CreateImage = z.infer<typeof createImageSchema>;

type Making = Readonly<Record<keyof typeof makingFields, unknown>>;

function refineMaking(image: Partial<Making>, context: z.RefinementCtx): void {
  const missing = (key: 'size' | 'zoneSize') =>
    image[key] === undefined && !context.issues.some(({ path }) => path?.[0] === key);
  if (image.backingImageId !== undefined) {
    for (const key of Object.keys(inheritedFields).filter((key) => Object.hasOwn(image, key)))
      context.addIssue({
        code: 'custom',
        path: [key],
        message: 'nothing: an overlay has it from backingImageId',
      });
    return;
  }
  if (missing('size')) context.addIssue({ code: 'custom', path: ['size'], message: SIZE_FORMS });
  const zoned = Object.keys(zonedFields).filter((key) => Object.hasOwn(image, key));
  if (zoned.length > 0 && missing('zoneSize')) {
    context.addIssue({
      code: 'custom',
      path: ['zoneSize'],
      message: `a size, since ${zoned.join(' and ')} ${zoned.length === 1 ? 'makes' : 'make'} the image zoned`,
    });
  }
}

export const cloneImageSchema = z
  .strictObject({ name: nameField, labels: labelsField.default({}) })
  .meta({ id: 'CloneImage' });
export type CloneImage = z.infer<typeof cloneImageSchema>;

export const updateImageSchema = z
  .strictObject({ name: nameField.optional(), labels: labelsField.optional() })
  .meta({ id: 'UpdateImage' });
export type UpdateImage = z.infer<typeof updateImageSchema>;

const bytes = z.int().min(0);

/** The zoned fields are null on a plain disk. Sizes are bytes. */
export const imageSchema = z
  .object({
    id: idField,
    name: z.string(),
    status: imageStatusField,
    size: bytes,
    clusterSize: bytes,
    profile: profileField.nullable(),
    zoneSize: bytes.nullable(),
    zoneCapacity: bytes.nullable(),
    zoneCount: z.int().nullable(),
    conventionalZones: z.int().nullable(),
    maxOpenZones: z.int().nullable(),
    maxActiveZones: z.int().nullable(),
    maxAppendSectors: z.int().nullable(),
    logicalBlockSize: bytes,
    backingImageId: idField.nullable().describe('The image that it is an overlay of'),
    pool: z.string(),
    labels: z.record(z.string(), z.string()),
    error: z.string().nullable(),
    work: imageWorkField.nullable().describe('What it is busy with, or created by'),
    check: imageCheckSchema.nullable().describe('What the last check found'),
    version: z.int().describe('Grows with every change; the ETag, and what If-Match compares'),
    progress: z.number().describe('How far it is while creating or busy, from 0 to 1'),
    createdAt: timeField,
    updatedAt: timeField,
  })
  .meta({ id: 'Image' });
export type Image = z.infer<typeof imageSchema>;

export const imagePageSchema = pageOf(imageSchema, 'ImagePage');
export const listImagesSchema = pageQuerySchema.extend({
  name: textField.optional(),
  status: imageStatusField.optional(),
  label: labelFilterField.optional(),
});
export type ListImages = z.infer<typeof listImagesSchema>;
