/** What an experiment can be made of. */

import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { presetPageSchema, workloadPageSchema } from '@zonelab/contracts';
import { presets, workloads } from './choices.ts';

@ApiTags('experiments')
@Controller('v1')
export class ChoicesController {
  private readonly pages = {
    presets: once(() => ({ items: presets(), nextCursor: null })),
    workloads: once(() => ({ items: workloads(), nextCursor: null })),
  };

  @Get('presets')
  @ApiOkResponse({ standardSchema: presetPageSchema })
  presets() {
    return this.pages.presets();
  }

  @Get('workloads')
  @ApiOkResponse({ standardSchema: workloadPageSchema })
  workloads() {
    return this.pages.workloads();
  }
}

/** They are the same until the next release, and take some milliseconds to make. */
function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
