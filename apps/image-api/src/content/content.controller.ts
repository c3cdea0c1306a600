import {
  Body,
  Controller,
  Get,
  Headers,
  Param,
  Post,
  Query,
  Req,
  Res,
  StreamableFile,
} from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiCreatedResponse, ApiProduces, ApiTags } from '@nestjs/swagger';
import {
  type ContentQuery,
  contentQuerySchema,
  type IdParams,
  type ImportQuery,
  idParamsSchema,
  imageSchema,
  importQuerySchema,
} from '@zonelab/contracts';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { keyOwner } from '../http/auth.guard.ts';
import { ContentService } from './content.service.ts';
import { ImportService } from './import.service.ts';
import type { Upload } from './upload.ts';

const BYTES = 'application/octet-stream';

@ApiTags('images')
@Controller('v1/images')
export class ContentController {
  constructor(
    private readonly content: ContentService,
    private readonly imports: ImportService,
  ) {}

  @Post('import')
  @ApiConsumes(BYTES)
  @ApiBody({ schema: { type: 'string', format: 'binary' } })
  @ApiCreatedResponse({ standardSchema: imageSchema })
  import(
    @Query({ schema: importQuerySchema }) query: ImportQuery,
    @Body() body: Upload | undefined,
    @Headers('content-encoding') encoding: string | undefined,
    @Req() request: FastifyRequest,
  ) {
    return this.imports.import(query, body, encoding, keyOwner(request));
  }

  @Get(':id/content')
  @ApiProduces(BYTES)
  async download(
    @Param({ schema: idParamsSchema }) { id }: IdParams,
    @Query({ schema: contentQuerySchema }) query: ContentQuery,
    @Headers('range') rangeHeader: string | undefined,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { fileName, length, range, stream } = await this.content.open(id, query, rangeHeader);
    reply.headers({
      'accept-ranges': 'bytes',
      'content-type': BYTES,
      'content-disposition': `attachment; filename="${fileName}"`,
      'content-length': length,
    });
    if (range === 'unsatisfiable')
      reply.status(416).headers({ 'content-range': `bytes */${length}`, 'content-length': 0 });
    else if (range !== 'whole')
      reply.status(206).headers({
        'content-range': `bytes ${range.first}-${range.last}/${length}`,
        'content-length': range.last - range.first + 1,
      });
    this.content.watch(stream, reply.raw);
    return new StreamableFile(stream);
  }
}
