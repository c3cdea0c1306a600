import { Controller, Get, Param, Query, Res } from '@nestjs/common';
import { ApiOkResponse, ApiProduces, ApiTags } from '@nestjs/swagger';
import {
  type AttachQuery,
  attachQuerySchema,
  type IdParams,
  idParamsSchema,
} from '@zonelab/contracts';
import type { FastifyReply } from 'fastify';
import { AttachService } from './attach.service.ts';

@ApiTags('exports')
@Controller('v1/exports')
export class AttachController {
  constructor(private readonly attach: AttachService) {}

  @Get(':id/attach')
  @ApiProduces('text/plain', 'application/xml', 'text/cloud-config')
  @ApiOkResponse({ schema: { type: 'string' } })
  async document(
    @Param({ schema: idParamsSchema }) { id }: IdParams,
    @Query({ schema: attachQuerySchema }) query: AttachQuery,
    @Res({ passthrough: true }) reply: FastifyReply,
  ) {
    const { type, content } = await this.attach.document(id, query);
    reply.type(`${type}; charset=utf-8`);
    return content;
  }
}
