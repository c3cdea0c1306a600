import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { Catalog } from '@zonelab/catalog';
import {
  auditPageSchema,
  type CreateKey,
  createdKeySchema,
  createKeySchema,
  type IdParams,
  idParamsSchema,
  keyPageSchema,
  type ListAudit,
  listAuditSchema,
  listKeysSchema,
  type PageQuery,
} from '@zonelab/contracts';
import { AdminOnly } from '../http/auth.guard.ts';

@ApiTags('keys')
@AdminOnly()
@Controller('v1')
export class KeysController {
  constructor(private readonly catalog: Catalog) {}

  @Post('keys')
  @ApiCreatedResponse({ standardSchema: createdKeySchema })
  create(@Body({ schema: createKeySchema }) body: CreateKey) {
    return this.catalog.keys.create(body);
  }

  @Get('keys')
  @ApiOkResponse({ standardSchema: keyPageSchema })
  list(@Query({ schema: listKeysSchema }) query: PageQuery) {
    return this.catalog.keys.list(query);
  }

  /** The row stays, revoked: the audit names it. */
  @Delete('keys/:id')
  @HttpCode(204)
  @ApiNoContentResponse()
  revoke(@Param({ schema: idParamsSchema }) { id }: IdParams) {
    return this.catalog.keys.revoke(id);
  }

  @Get('audit')
  @ApiOkResponse({ standardSchema: auditPageSchema })
  audit(@Query({ schema: listAuditSchema }) query: ListAudit) {
    return this.catalog.audit.list(query);
  }
}
