import {
  Body,
  Controller,
  Delete,
  Get,
  Headers,
  HttpCode,
  Param,
  Post,
  Query,
} from '@nestjs/common';
import {
  ApiBody,
  ApiConsumes,
  ApiCreatedResponse,
  ApiNoContentResponse,
  ApiOkResponse,
  ApiTags,
} from '@nestjs/swagger';
import {
  type IdParams,
  idParamsSchema,
  type ListTraces,
  listTracesSchema,
  tracePageSchema,
  traceSchema,
  type UploadTrace,
  uploadTraceSchema,
} from '@zonelab/contracts';
import type { Upload } from '../content/upload.ts';
import { TracesService } from './traces.service.ts';

@ApiTags('experiments')
@Controller('v1/traces')
export class TracesController {
  constructor(private readonly traces: TracesService) {}

  @Post()
  @ApiConsumes('application/octet-stream')
  @ApiBody({ schema: { type: 'string', format: 'binary' } })
  @ApiCreatedResponse({ standardSchema: traceSchema })
  upload(
    @Query({ schema: uploadTraceSchema }) query: UploadTrace,
    @Body() body: Upload | undefined,
    @Headers('content-encoding') encoding: string | undefined,
  ) {
    return this.traces.upload(query, body, encoding);
  }

  @Get()
  @ApiOkResponse({ standardSchema: tracePageSchema })
  list(@Query({ schema: listTracesSchema }) query: ListTraces) {
    return this.traces.list(query);
  }

  @Get(':id')
  @ApiOkResponse({ standardSchema: traceSchema })
  get(@Param({ schema: idParamsSchema }) { id }: IdParams) {
    return this.traces.get(id);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiNoContentResponse()
  delete(@Param({ schema: idParamsSchema }) { id }: IdParams) {
    return this.traces.delete(id);
  }
}
