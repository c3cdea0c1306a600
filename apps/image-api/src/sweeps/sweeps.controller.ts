import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import {
  type CreateSweep,
  comparisonSchema,
  createSweepSchema,
  type IdParams,
  idParamsSchema,
  listSweepsSchema,
  type PageQuery,
  type ReportQuery,
  reportQuerySchema,
  sweepPageSchema,
  sweepSchema,
} from '@zonelab/contracts';
import type { FastifyReply } from 'fastify';
import { send } from '../experiments/documents.ts';
import { SweepsService } from './sweeps.service.ts';

@ApiTags('sweeps')
@Controller('v1/sweeps')
export class SweepsController {
  constructor(private readonly sweeps: SweepsService) {}

  @Post()
  @HttpCode(202)
  @ApiAcceptedResponse({ standardSchema: sweepSchema })
  create(@Body({ schema: createSweepSchema }) body: CreateSweep) {
    return this.sweeps.create(body);
  }

  @Get()
  @ApiOkResponse({ standardSchema: sweepPageSchema })
  list(@Query({ schema: listSweepsSchema }) query: PageQuery) {
    return this.sweeps.list(query);
  }

  @Get(':id')
  @ApiOkResponse({ standardSchema: sweepSchema })
  get(@Param({ schema: idParamsSchema }) { id }: IdParams) {
    return this.sweeps.get(id);
  }

  @Get(':id/report')
  @ApiOkResponse({ standardSchema: comparisonSchema })
  async report(
    @Param({ schema: idParamsSchema }) { id }: IdParams,
    @Query({ schema: reportQuerySchema }) query: ReportQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return send(reply, await this.sweeps.report(id, query));
  }

  @Delete(':id')
  @ApiOkResponse({ standardSchema: sweepSchema })
  delete(@Param({ schema: idParamsSchema }) { id }: IdParams) {
    return this.sweeps.delete(id);
  }
}
