/** What each disk of a fleet is made from: the template, and what is different about single disks. */

import {
  type CreateFleet,
  type DiskOverride,
  type ImageTemplate,
  imageTemplateSchema,
} from '@zonelab/contracts';
import { invalidRequest } from '../http/validation.pipe.ts';
import { refuseImpossible } from '../images/images.service.ts';

type Wanted = Pick<CreateFleet, 'template' | 'overrides'>;

/** Fields in place of the template's; a base or a size of its own in place of all of them. */
export function templateOf({ template, overrides }: Wanted, disk: number): ImageTemplate {
  const own = overrides.find((override) => override.disk === disk)?.template;
  return own ? merged(template, own) : template;
}

/** Throws the problem `invalid_request` where no disk could be made of the template, or of it and an override. */
export function refuseImpossibleDisks({ template, overrides }: Wanted): void {
  refuse(template, 'template');
  overrides.forEach((override, index) => {
    refuse(merged(template, override.template), `overrides.${index}.template`);
  });
}

function merged(template: ImageTemplate, own: DiskOverride['template']): ImageTemplate {
  const whole = own.backingImageId !== undefined || own.size !== undefined;
  return whole ? own : { ...template, ...own };
}

function refuse(template: ImageTemplate, path: string): void {
  const parsed = imageTemplateSchema.safeParse(template);
  if (!parsed.success) {
    throw invalidRequest(
      parsed.error.issues.map((issue) => ({
        path: [path, ...issue.path].join('.'),
        given: null,
        allowed: issue.message,
      })),
    );
  }
  refuseImpossible(template, `${path}.`);
}
