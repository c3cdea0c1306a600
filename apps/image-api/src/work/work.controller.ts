import { Body, Controller, HttpCode, Param, Post, Req } from '@nestjs/common';
import { ApiAcceptedResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import {
  type CheckImage,
  type ConvertImage,
  checkImageSchema,
  convertImageSchema,
  type IdParams,
  idParamsSchema,
  imageSchema,
  type ResizeImage,
  resizeImageSchema,
} from '@zonelab/contracts';
import type { FastifyRequest } from 'fastify';
import { keyOwner } from '../http/auth.guard.ts';
import { WorkService } from './work.service.ts';

@ApiTags('images')
@Controller('v1/images/:id')
export class WorkController {
  constructor(private readonly work: WorkService) {}

  @Post('check')
  @HttpCode(202)
  @ApiAcceptedResponse({ standardSchema: imageSchema })
  check(
    @Param({ schema: idParamsSchema }) { id }: IdParams,
    @Body({ schema: checkImageSchema }) body: CheckImage,
  ) {
    return this.work.check(id, body);
  }

  @Post('convert')
  @HttpCode(202)
  @ApiAcceptedResponse({ standardSchema: imageSchema })
  convert(
    @Param({ schema: idParamsSchema }) { id }: IdParams,
    @Body({ schema: convertImageSchema }) body: ConvertImage,
    @Req() request: FastifyRequest,
  ) {
    return this.work.convert(id, body, keyOwner(request));
  }

  @Post('resize')
  @HttpCode(200)
  @ApiOkResponse({ standardSchema: imageSchema })
  resize(
    @Param({ schema: idParamsSchema }) { id }: IdParams,
    @Body({ schema: resizeImageSchema }) body: ResizeImage,
  ) {
    return this.work.resize(id, body);
  }
}
