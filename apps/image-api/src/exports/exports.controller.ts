import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import {
  type CreateExport,
  createExportSchema,
  exportPageSchema,
  exportSchema,
  type IdParams,
  idParamsSchema,
  type ListExports,
  listExportsSchema,
} from '@zonelab/contracts';
import { ExportsService } from './exports.service.ts';

@ApiTags('exports')
@Controller('v1/exports')
export class ExportsController {
  constructor(private readonly exports: ExportsService) {}

  @Post()
  @ApiCreatedResponse({ standardSchema: exportSchema })
  create(@Body({ schema: createExportSchema }) body: CreateExport) {
    return this.exports.create(body);
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

  @Delete(':id')
  @HttpCode(204)
  @ApiNoContentResponse()
  delete(@Param({ schema: idParamsSchema }) { id }: IdParams) {
    return this.exports.delete(id);
  }
}
