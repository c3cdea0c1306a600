import {
  Body,
  Controller,
  Delete,
  Get,
  HttpCode,
  Param,
  Patch,
  Post,
  Query,
  Res,
} from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiProduces, ApiTags } from '@nestjs/swagger';
import {
  type AttachQuery,
  attachQuerySchema,
  type CreateFleet,
  createFleetSchema,
  type FleetDiskParams,
  fleetAttachmentsSchema,
  fleetDiskPageSchema,
  fleetDiskParamsSchema,
  fleetPageSchema,
  fleetSchema,
  type IdParams,
  idParamsSchema,
  type ListFleetDisks,
  type ListFleets,
  listFleetDisksSchema,
  listFleetsSchema,
  type UpdateFleet,
  updateFleetSchema,
} from '@zonelab/contracts';
import type { FastifyReply } from 'fastify';
import { FleetsService } from './fleets.service.ts';

@ApiTags('fleets')
@Controller('v1/fleets')
export class FleetsController {
  constructor(private readonly fleets: FleetsService) {}

  @Post()
  @HttpCode(202)
  @ApiAcceptedResponse({ standardSchema: fleetSchema })
  create(@Body({ schema: createFleetSchema }) body: CreateFleet) {
    return this.fleets.create(body);
  }

  @Get()
  @ApiOkResponse({ standardSchema: fleetPageSchema })
  list(@Query({ schema: listFleetsSchema }) query: ListFleets) {
    return this.fleets.list(query);
  }

  @Get(':id')
  @ApiOkResponse({ standardSchema: fleetSchema })
  get(@Param({ schema: idParamsSchema }) { id }: IdParams) {
    return this.fleets.get(id);
  }

  @Patch(':id')
  @HttpCode(202)
  @ApiAcceptedResponse({ standardSchema: fleetSchema })
  update(
    @Param({ schema: idParamsSchema }) { id }: IdParams,
    @Body({ schema: updateFleetSchema }) body: UpdateFleet,
  ) {
    return this.fleets.update(id, body);
  }

  @Delete(':id')
  @HttpCode(202)
  @ApiAcceptedResponse({ standardSchema: fleetSchema })
  delete(@Param({ schema: idParamsSchema }) { id }: IdParams) {
    return this.fleets.delete(id);
  }

  @Get(':id/attach')
  @ApiOkResponse({ standardSchema: fleetAttachmentsSchema })
  attachments(
    @Param({ schema: idParamsSchema }) { id }: IdParams,
    @Query({ schema: attachQuerySchema }) query: AttachQuery,
  ) {
    return this.fleets.attachments(id, query);
  }

  @Get(':id/disks')
  @ApiOkResponse({ standardSchema: fleetDiskPageSchema })
  disks(
    @Param({ schema: idParamsSchema }) { id }: IdParams,
    @Query({ schema: listFleetDisksSchema }) query: ListFleetDisks,
  ) {
    return this.fleets.disks(id, query);
  }

  @Post(':id/disks/:disk/replace')
  @HttpCode(202)
  @ApiAcceptedResponse({ standardSchema: fleetSchema })
  replace(@Param({ schema: fleetDiskParamsSchema }) { id, disk }: FleetDiskParams) {
    return this.fleets.replace(id, disk);
  }

  @Get(':id/disks/:disk/attach')
  @ApiProduces('text/plain', 'application/xml', 'text/cloud-config')
  @ApiOkResponse({ schema: { type: 'string' } })
  async attachment(
    @Param({ schema: fleetDiskParamsSchema }) { id, disk }: FleetDiskParams,
    @Query({ schema: attachQuerySchema }) query: AttachQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { type, content } = await this.fleets.attachment(id, disk, query);
    reply.type(`${type}; charset=utf-8`);
    return content;
  }
}
