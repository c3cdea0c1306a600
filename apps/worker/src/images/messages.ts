/** What an image thread and its owner say to each other. */
import type { JobRefusal } from '@zonelab/contracts';
import type { CheckReport, RepairMode, UnsizedCreateOptions } from '@zonelab/qcow2-zoned';

/** Given to the thread as `workerData`. */
export type ImageTask =
  | { readonly kind: 'check'; readonly path: string; readonly repair: RepairMode | undefined }
  | {
      readonly kind: 'convert';
      readonly source: string;
      readonly target: string;
      /** Where backing files may lie. */
      readonly folders: readonly string[];
      readonly keepZones: boolean;
      readonly compress: boolean;
      readonly create: UnsizedCreateOptions;
    };

/** Undefined for a conversion. */
export type ImageTaskResult = CheckReport | undefined;

/** The thread ends after `done` or `refused`. */
export type ImageMessage =
  /** From 0 to 1. */
  | { readonly kind: 'progress'; readonly progress: number }
  | { readonly kind: 'done'; readonly result: ImageTaskResult }
  | { readonly kind: 'refused'; readonly refusal: JobRefusal };
