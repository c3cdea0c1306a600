/** Options of a new image's geometry, for one image or a fleet of them. */
import type { Command } from 'commander';

export function addGeometryOptions(command: Command): Command {
  return command
    .option('--profile <profile>', 'zbc or zns')
    .option('--zone-size <size>', 'makes the image a zoned one')
    .option('--zone-capacity <size>', 'writable bytes of a zone')
    .option('--conventional-zones <count>', 'at the start of the device', Number)
    .option('--max-open-zones <count>', '0: no limit', Number)
    .option('--max-active-zones <count>', '0: no limit', Number)
    .option('--max-append-sectors <count>', '512-byte sectors', Number)
    .option('--logical-block-size <bytes>', '512 or 4096', Number)
    .option('--cluster-size <size>', 'qcow2 cluster size');
}
