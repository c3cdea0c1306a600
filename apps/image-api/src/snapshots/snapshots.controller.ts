import { Body, Controller, Delete, Get, HttpCode, Param, Post } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiTags } from '@nestjs/swagger';
import {
  type CreateSnapshot,
  createSnapshotSchema,
  type IdParams,
  idParamsSchema,
  type SnapshotParams,
  snapshotPageSchema,
  snapshotParamsSchema,
  snapshotSchema,
} from '@zonelab/contracts';
import { SnapshotsService } from './snapshots.service.ts';

@ApiTags('snapshots')
@Controller('v1/images/:id/snapshots')
export class SnapshotsController {
  constructor(private readonly snapshots: SnapshotsService) {}

  @Get()
  @ApiOkResponse({ standardSchema: snapshotPageSchema })
  list(@Param({ schema: idParamsSchema }) { id }: IdParams) {
    return this.snapshots.list(id);
  }

  @Post()
  @ApiCreatedResponse({ standardSchema: snapshotSchema })
  create(
    @Param({ schema: idParamsSchema }) { id }: IdParams,
    @Body({ schema: createSnapshotSchema }) { name }: CreateSnapshot,
  ) {
    return this.snapshots.create(id, name);
  }

  @Post(':snapshot/apply')
  @HttpCode(204)
  @ApiNoContentResponse()
  apply(@Param({ schema: snapshotParamsSchema }) { id, snapshot }: SnapshotParams) {
    return this.snapshots.apply(id, snapshot);
  }

  @Delete(':snapshot')
  @HttpCode(204)
  @ApiNoContentResponse()
  delete(@Param({ schema: snapshotParamsSchema }) { id, snapshot }: SnapshotParams) {
    return this.snapshots.delete(id, snapshot);
  }
}
