import { Body, Controller, Delete, Get, HttpCode, Param, Put } from '@nestjs/common';
import { ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import {
  type FaultPlan,
  faultPlanSchema,
  type IdParams,
  idParamsSchema,
  imageFaultsSchema,
} from '@zonelab/contracts';
import { FaultsService } from './faults.service.ts';

@ApiTags('images')
@Controller('v1/images/:id/faults')
export class FaultsController {
  constructor(private readonly faults: FaultsService) {}

  @Get()
  @ApiOkResponse({ standardSchema: imageFaultsSchema })
  get(@Param({ schema: idParamsSchema }) { id }: IdParams) {
    return this.faults.get(id);
  }

  @Put()
  @ApiOkResponse({ standardSchema: imageFaultsSchema })
  set(
    @Param({ schema: idParamsSchema }) { id }: IdParams,
    @Body({ schema: faultPlanSchema }) plan: FaultPlan,
  ) {
    return this.faults.set(id, plan);
  }

  @Delete()
  @HttpCode(204)
  @ApiNoContentResponse()
  async clear(@Param({ schema: idParamsSchema }) { id }: IdParams) {
    await this.faults.set(id, null);
  }
}
