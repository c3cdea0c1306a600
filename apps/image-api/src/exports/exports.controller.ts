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
  Req,
} from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import {
  type CreateExport,
  createExportSchema,
  exportPageSchema,
  exportSchema,
  exportStatsSchema,
  type IdParams,
  idParamsSchema,
  type ListExports,
  listExportsSchema,
  type UpdateExport,
  updateExportSchema,
} from '@zonelab/contracts';
import type { FastifyRequest } from 'fastify';
import { keyOwner } from '../http/auth.guard.ts';
import { ExportsService } from './exports.service.ts';

@ApiTags('exports')
@Controller('v1/exports')
export class ExportsController {
  constructor(private readonly exports: ExportsService) {}

  @Post()
  @ApiCreatedResponse({ standardSchema: exportSchema })
  create(@Body({ schema: createExportSchema }) body: CreateExport, @Req() request: FastifyRequest) {
    return this.exports.create(body, keyOwner(request));
  }

  @Get()
  @ApiOkResponse({ standardSchema: exportPageSchema })
  list(@Query({ schema: listExportsSchema }) query: ListExports) {
    return this.exports.list(query);
  }

  @Get(':id')
  @ApiOkResponse({ standardSchema: exportSchema })
  get(@Param({ schema: idParamsSchema }) { id }: IdParams) {
    return this.exports.get(id);
  }

  @Get(':id/stats')
  @ApiOkResponse({ standardSchema: exportStatsSchema })
  stats(@Param({ schema: idParamsSchema }) { id }: IdParams) {
    return this.exports.stats(id);
  }

  @Patch(':id')
  @ApiOkResponse({ standardSchema: exportSchema })
  update(
    @Param({ schema: idParamsSchema }) { id }: IdParams,
    @Body({ schema: updateExportSchema }) body: UpdateExport,
  ) {
    return this.exports.update(id, body);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiNoContentResponse()
  delete(@Param({ schema: idParamsSchema }) { id }: IdParams) {
    return this.exports.delete(id);
  }
}
