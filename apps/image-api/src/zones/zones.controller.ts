import {
  Controller,
  Get,
  HttpCode,
  type MessageEvent,
  Param,
  Post,
  Query,
  Sse,
  UseGuards,
} from '@nestjs/common';
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
import { interval, map, merge, type Observable } from 'rxjs';
import { EVENT_HEARTBEAT_MS } from '../limits.ts';
import { ZoneFeed } from './zone-feed.ts';
import { ZonedImageGuard } from './zoned-image.guard.ts';
import { ZonesService } from './zones.service.ts';

@ApiTags('zones')
@Controller('v1/images/:id/zones')
export class ZonesController {
  constructor(
    private readonly zones: ZonesService,
    private readonly feed: ZoneFeed,
  ) {}

  @Get()
  @ApiOkResponse({ standardSchema: zoneReportSchema })
  report(
    @Param({ schema: idParamsSchema }) { id }: IdParams,
    @Query({ schema: zoneReportQuerySchema }) query: ZoneReportQuery,
  ) {
    return this.zones.report(id, query);
  }

  @Sse('events')
  @ApiOkResponse({
    description:
      'A stream: `reset` when all zones are to be read again, at its start too; `zones` with those that changed, as items',
  })
  @UseGuards(ZonedImageGuard)
  follow(@Param({ schema: idParamsSchema }) { id }: IdParams): Observable<MessageEvent> {
    const beats = interval(EVENT_HEARTBEAT_MS).pipe(map(() => ({ type: 'heartbeat', data: '' })));
    return merge(this.feed.follow(id), beats);
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
