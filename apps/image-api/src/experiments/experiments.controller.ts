import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import {
  type ExperimentDefinition,
  experimentDefinitionSchema,
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
import { ExperimentsService } from './experiments.service.ts';

@ApiTags('experiments')
@Controller('v1/experiments')
export class ExperimentsController {
  constructor(private readonly experiments: ExperimentsService) {}

  @Post()
  @HttpCode(202)
  @ApiAcceptedResponse({ standardSchema: experimentSchema })
  create(@Body({ schema: experimentDefinitionSchema }) body: ExperimentDefinition) {
    return this.experiments.create(body);
  }

  @Get()
  @ApiOkResponse({ standardSchema: experimentPageSchema })
  list(@Query({ schema: listExperimentsSchema }) query: ListExperiments) {
    return this.experiments.list(query);
  }

  @Get(':id')
  @ApiOkResponse({ standardSchema: experimentSchema })
  get(@Param({ schema: idParamsSchema }) { id }: IdParams) {
    return this.experiments.get(id);
  }

  @Get(':id/report')
  @ApiOkResponse({ standardSchema: experimentReportSchema })
  report(
    @Param({ schema: idParamsSchema }) { id }: IdParams,
    @Query({ schema: reportQuerySchema }) _: ReportQuery,
  ) {
    return this.experiments.report(id);
  }

  @Delete(':id')
  @ApiOkResponse({ standardSchema: experimentSchema })
  cancel(@Param({ schema: idParamsSchema }) { id }: IdParams) {
    return this.experiments.cancel(id);
  }
}
