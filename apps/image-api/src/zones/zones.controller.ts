import { Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import {
  type IdParams,
  idParamsSchema,
  type ZoneParams,
  type ZoneReportQuery,
  zoneParamsSchema,
  zoneReportQuerySchema,
  zoneReportSchema,
  zoneSchema,
} from '@zonelab/contracts';
import { ZonesService } from './zones.service.ts';

@ApiTags('zones')
@Controller('v1/images/:id/zones')
export class ZonesController {
  constructor(private readonly zones: ZonesService) {}

  @Get()
  @ApiOkResponse({ standardSchema: zoneReportSchema })
  report(
    @Param({ schema: idParamsSchema }) { id }: IdParams,
    @Query({ schema: zoneReportQuerySchema }) query: ZoneReportQuery,
  ) {
    return this.zones.report(id, query);
  }

  @Post('reset')
  @HttpCode(204)
  @ApiNoContentResponse()
  async resetAll(@Param({ schema: idParamsSchema }) { id }: IdParams) {
    await this.zones.manage(id, 'reset');
  }

  @Post(':index/:action')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: zoneSchema })
  manage(@Param({ schema: zoneParamsSchema }) { id, index, action }: ZoneParams) {
    return this.zones.manage(id, action, index);
  }
}
