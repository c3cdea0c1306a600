import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query, Res } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import {
  type CompareQuery,
  type CreateExperiment,
  compareQuerySchema,
  comparisonSchema,
  createExperimentSchema,
  experimentPageSchema,
  experimentReportSchema,
  experimentSchema,
  type IdParams,
  idParamsSchema,
  type ListExperiments,
  listExperimentsSchema,
  type ReportQuery,
  reportQuerySchema,
} from '@zonelab/contracts';
import type { FastifyReply } from 'fastify';
import { send } from './documents.ts';
import { ExperimentsService } from './experiments.service.ts';

@ApiTags('experiments')
@Controller('v1/experiments')
export class ExperimentsController {
  constructor(private readonly experiments: ExperimentsService) {}

  @Post()
  @HttpCode(202)
  @ApiAcceptedResponse({ standardSchema: experimentSchema })
  create(@Body({ schema: createExperimentSchema }) body: CreateExperiment) {
    return this.experiments.create(body);
  }

  @Get()
  @ApiOkResponse({ standardSchema: experimentPageSchema })
  list(@Query({ schema: listExperimentsSchema }) query: ListExperiments) {
    return this.experiments.list(query);
  }

  @Get('compare')
  @ApiOkResponse({ standardSchema: comparisonSchema })
  async compare(
    @Query({ schema: compareQuerySchema }) query: CompareQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return send(reply, await this.experiments.compare(query));
  }

  @Get(':id')
  @ApiOkResponse({ standardSchema: experimentSchema })
  get(@Param({ schema: idParamsSchema }) { id }: IdParams) {
    return this.experiments.get(id);
  }

  @Get(':id/report')
  @ApiOkResponse({ standardSchema: experimentReportSchema })
  async report(
    @Param({ schema: idParamsSchema }) { id }: IdParams,
    @Query({ schema: reportQuerySchema }) query: ReportQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    return send(reply, await this.experiments.report(id, query));
  }

  @Delete(':id')
  @ApiOkResponse({ standardSchema: experimentSchema })
  delete(@Param({ schema: idParamsSchema }) { id }: IdParams) {
    return this.experiments.delete(id);
  }
}
