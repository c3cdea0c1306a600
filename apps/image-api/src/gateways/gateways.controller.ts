import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { Catalog } from '@zonelab/catalog';
import { type GatewayPage, gatewayPageSchema } from '@zonelab/contracts';

@ApiTags('gateways')
@Controller('v1/gateways')
export class GatewaysController {
  constructor(private readonly catalog: Catalog) {}

  @Get()
  @ApiOkResponse({ standardSchema: gatewayPageSchema })
  async list(): Promise<GatewayPage> {
    return { items: await this.catalog.gateways.list(), nextCursor: null };
  }
}
