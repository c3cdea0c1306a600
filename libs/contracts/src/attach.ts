/** Documents that attach an export to a machine, ready to paste. */

import { z } from 'zod';

export const attachQuerySchema = z.strictObject({
  format: z
    .enum(['nbd', 'qemu', 'libvirt', 'cloud-init'])
    .default('nbd')
    .describe('nbd: the URI; qemu: a command line; libvirt: a disk element; cloud-init: user-data'),
  fresh: z
    .enum(['true', 'false'])
    .default('false')
    .describe('qemu: true for a disk with zones in use, whose zones the document resets first'),
});
export type AttachQuery = z.infer<typeof attachQuerySchema>;
