import { Controller, Get } from '@nestjs/common';
import { ApiOkResponse, ApiTags } from '@nestjs/swagger';
import { queuePageSchema } from '@zonelab/contracts';
import { QueuesService } from './queues.service.ts';

@ApiTags('gateways')
@Controller('v1/queues')
export class QueuesController {
  constructor(private readonly queues: QueuesService) {}

  @Get()
  @ApiOkResponse({ standardSchema: queuePageSchema })
  async list() {
    return { items: await this.queues.list(), nextCursor: null };
  }
}
