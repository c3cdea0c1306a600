/** What an experiment can be made of. */

import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { PRESETS, presetPageSchema, WORKLOADS, workloadPageSchema } from '@zonelab/contracts';

@ApiTags('experiments')
@Controller('v1')
export class ChoicesController {
  @Get('presets')
  @ApiOkResponse({ standardSchema: presetPageSchema })
  presets() {
    const items = Object.entries(PRESETS).map(([name, description]) => ({ name, description }));
    return { items, nextCursor: null };
  }

  @Get('workloads')
  @ApiOkResponse({ standardSchema: workloadPageSchema })
  workloads() {
    const items = Object.entries(WORKLOADS).map(([kind, description]) => ({ kind, description }));
    return { items, nextCursor: null };
  }
}
