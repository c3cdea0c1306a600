/** The one place where errors become HTTP: each library's codes, and those of the framework. */

import { STATUS_CODES } from 'node:http';
import { HttpException } from '@nestjs/common';
import { CatalogError, type CatalogErrorCode } from '@zonelab/catalog';
import type { GatewayRefusalCode, JobRefusal } from '@zonelab/contracts';
import { ImageError, type ImageErrorCode, type ImageErrorContext } from '@zonelab/qcow2-zoned';
import { type ProblemDetails, ProblemError } from './problem.ts';

const CATALOG_STATUS: Readonly<Record<CatalogErrorCode, number>> = {
  not_found: 404,
  name_taken: 409,
  image_exported: 409,
  image_has_overlays: 409,
  image_leased: 409,
  version_conflict: 412,
  lease_lost: 503,
  state_conflict: 409,
  report_expired: 410,
  quota_exceeded: 403,
  no_gateway: 503,
  migration_failed: 500,
};

/** 422: the request cannot be meant so. 409: it could be, but not as the device is now. */
const DEVICE_STATUS: Readonly<Record<ImageErrorCode | GatewayRefusalCode, number>> = {
  invalid_field: 422,
  lba_out_of_range: 422,
  invalid_option: 422,
  path_not_allowed: 422,
  zone_boundary_error: 409,
  zone_full: 409,
  zone_read_only: 409,
  zone_offline: 409,
  zone_invalid_write: 409,
  too_many_active_zones: 409,
  too_many_open_zones: 409,
  invalid_zone_operation: 409,
  zrwa_unavailable: 409,
  invalid_zone_transition: 409,
  read_beyond_write_pointer: 409,
  image_read_only: 409,
  image_in_use: 409,
  image_closed: 409,
  file_exists: 409,
  export_name_taken: 409,
  snapshot_not_found: 404,
  not_attached: 503,
  shutting_down: 503,
  no_space: 507,
  not_qcow2: 500,
  invalid_image: 500,
  unsupported_feature: 500,
  image_corrupt: 500,
  file_not_found: 500,
  io_error: 500,
};

/** REST gives the largest append in sectors; everything else has the library's name. */
const FIELD_NAMES: Readonly<Record<string, string>> = { maxAppendBytes: 'maxAppendSectors' };

/** Answers what to tell the client; undefined for an error that nobody foresaw. */
export function toProblem(error: unknown): ProblemDetails | undefined {
  if (error instanceof ProblemError) return error.problem;
  if (error instanceof CatalogError) {
    const { code, message, context } = error;
    return { status: CATALOG_STATUS[code], code, detail: message, context };
  }
  if (error instanceof ImageError) return deviceProblem(error);
  if (error instanceof HttpException) return frameworkProblem(error.getStatus(), error.message);
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  if (typeof status === 'number' && status >= 400 && status < 500) {
    return frameworkProblem(status, (error as Error).message);
  }
  return undefined;
}

/** A refusal that a gateway sent back is the same problem as one of a device opened here. */
export function refusalError(refusal: JobRefusal): ProblemError {
  return new ProblemError(deviceProblem(refusal));
}

/** The host's paths are nobody's business outside. */
function deviceProblem({ code, message, context }: JobRefusal): ProblemDetails {
  const { path, ...shown } = context;
  const detail = path === undefined ? message : message.replaceAll(path, 'image');
  if (code === 'invalid_option') {
    return { status: 422, code: 'invalid_request', detail, errors: fieldError(shown) };
  }
  return { status: DEVICE_STATUS[code], code, detail, context: shown };
}

function fieldError({ field = '', given, allowed = '' }: ImageErrorContext) {
  return [{ path: FIELD_NAMES[field] ?? field, given: given ?? null, allowed }];
}

/** Codes for what HTTP itself refuses: `bad_request`, `not_found`, `unsupported_media_type` and so on. */
function frameworkProblem(status: number, detail: string): ProblemDetails {
  const code = (STATUS_CODES[status] ?? 'error').toLowerCase().replace(/\W+/g, '_');
  return { status, code, detail };
}
