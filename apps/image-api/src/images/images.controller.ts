import {
  Body,
  Controller,
  Delete,
  Get,
  Headers,
  HttpCode,
  Param,
  Patch,
  Post,
  Query,
  Req,
} from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import {
  type CloneImage,
  type CreateImage,
  cloneImageSchema,
  createImageSchema,
  type IdParams,
  idParamsSchema,
  imagePageSchema,
  imageSchema,
  type ListImages,
  listImagesSchema,
  type UpdateImage,
  updateImageSchema,
} from '@zonelab/contracts';
import type { FastifyRequest } from 'fastify';
import { keyOwner } from '../http/auth.guard.ts';
import { versionOf } from '../http/version-tag.ts';
import { ImagesService } from './images.service.ts';

@ApiTags('images')
@Controller('v1/images')
export class ImagesController {
  constructor(private readonly images: ImagesService) {}

  @Post()
  @ApiCreatedResponse({ standardSchema: imageSchema })
  create(@Body({ schema: createImageSchema }) body: CreateImage, @Req() request: FastifyRequest) {
    return this.images.create(body, keyOwner(request));
  }

  @Get()
  @ApiOkResponse({ standardSchema: imagePageSchema })
  list(@Query({ schema: listImagesSchema }) query: ListImages) {
    return this.images.list(query);
  }

  @Get(':id')
  @ApiOkResponse({ standardSchema: imageSchema })
  get(@Param({ schema: idParamsSchema }) { id }: IdParams) {
    return this.images.get(id);
  }

  @Patch(':id')
  @ApiOkResponse({ standardSchema: imageSchema })
  update(
    @Param({ schema: idParamsSchema }) { id }: IdParams,
    @Body({ schema: updateImageSchema }) body: UpdateImage,
    @Headers('if-match') ifMatch: string | undefined,
  ) {
    return this.images.update(id, body, versionOf(ifMatch));
  }

  @Post(':id/clone')
  @ApiCreatedResponse({ standardSchema: imageSchema })
  clone(
    @Param({ schema: idParamsSchema }) { id }: IdParams,
    @Body({ schema: cloneImageSchema }) body: CloneImage,
    @Req() request: FastifyRequest,
  ) {
    return this.images.createOverlay(id, body, keyOwner(request));
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiNoContentResponse()
  delete(@Param({ schema: idParamsSchema }) { id }: IdParams) {
    return this.images.delete(id);
  }
}
