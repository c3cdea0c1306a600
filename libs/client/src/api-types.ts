// biome-ignore-all lint: generated
// biome-ignore-all format: generated
/** Generated from openapi.json by generate.mjs. */

export interface paths {
  "/v1/images/import": {
    post: operations["Content_import"];
  };
  "/v1/images/{id}/content": {
    get: operations["Content_download"];
  };
  "/v1/images": {
    get: operations["Images_list"];
    post: operations["Images_create"];
  };
  "/v1/images/{id}": {
    get: operations["Images_get"];
    delete: operations["Images_delete"];
    patch: operations["Images_update"];
  };
  "/v1/images/{id}/clone": {
    post: operations["Images_clone"];
  };
  "/v1/images/{id}/zones": {
    get: operations["Zones_report"];
  };
  "/v1/images/{id}/zones/reset": {
    post: operations["Zones_resetAll"];
  };
  "/v1/images/{id}/zones/{index}/{action}": {
    post: operations["Zones_manage"];
  };
  "/v1/images/{id}/snapshots": {
    get: operations["Snapshots_list"];
    post: operations["Snapshots_create"];
  };
  "/v1/images/{id}/snapshots/{snapshot}/apply": {
    post: operations["Snapshots_apply"];
  };
  "/v1/images/{id}/snapshots/{snapshot}": {
    delete: operations["Snapshots_delete"];
  };
  "/v1/exports": {
    get: operations["Exports_list"];
    post: operations["Exports_create"];
  };
  "/v1/exports/{id}": {
    get: operations["Exports_get"];
    delete: operations["Exports_delete"];
    patch: operations["Exports_update"];
  };
  "/v1/exports/{id}/attach": {
    get: operations["Attach_document"];
  };
  "/v1/experiments": {
    get: operations["Experiments_list"];
    post: operations["Experiments_create"];
  };
  "/v1/experiments/compare": {
    get: operations["Experiments_compare"];
  };
  "/v1/experiments/{id}": {
    get: operations["Experiments_get"];
    delete: operations["Experiments_cancel"];
  };
  "/v1/experiments/{id}/report": {
    get: operations["Experiments_report"];
  };
  "/v1/sweeps": {
    get: operations["Sweeps_list"];
    post: operations["Sweeps_create"];
  };
  "/v1/sweeps/{id}": {
    get: operations["Sweeps_get"];
    delete: operations["Sweeps_cancel"];
  };
  "/v1/sweeps/{id}/report": {
    get: operations["Sweeps_report"];
  };
  "/v1/presets": {
    get: operations["Choices_presets"];
  };
  "/v1/workloads": {
    get: operations["Choices_workloads"];
  };
  "/v1/gateways": {
    get: operations["Gateways_list"];
  };
  "/v1/keys": {
    get: operations["Keys_list"];
    post: operations["Keys_create"];
  };
  "/v1/keys/{id}": {
    delete: operations["Keys_revoke"];
  };
  "/v1/audit": {
    get: operations["Keys_audit"];
  };
  "/v1/events": {
    get: operations["Events_follow"];
  };
  "/healthz": {
    get: operations["Health_alive"];
  };
  "/readyz": {
    get: operations["Health_ready"];
  };
}
/** OneOf type helpers */
type Without<T, U> = { [P in Exclude<keyof T, keyof U>]?: never };
type XOR<T, U> = (T | U) extends object ? (Without<T, U> & U) | (Without<U, T> & T) : T | U;
type OneOf<T extends any[]> = T extends [infer Only] ? Only : T extends [infer A, infer B, ...infer Rest] ? OneOf<[XOR<A, B>, ...Rest]> : never;


export type webhooks = Record<string, never>;

export interface components {
  schemas: {
    Image: {
      /**
       * Format: uuid
       * @description UUID version 7
       */
      id: string;
      name: string;
      /** @enum {string} */
      status: "creating" | "ready" | "busy" | "failed" | "deleting";
      size: number;
      clusterSize: number;
      /**
       * @description The rule book: ZBC-2 or NVMe ZNS
       * @enum {string|null}
       */
      profile: "zbc" | "zns" | null;
      zoneSize: number | null;
      zoneCapacity: number | null;
      zoneCount: number | null;
      conventionalZones: number | null;
      maxOpenZones: number | null;
      maxActiveZones: number | null;
      maxAppendSectors: number | null;
      logicalBlockSize: number;
      /**
       * Format: uuid
       * @description The image that it is an overlay of
       */
      backingImageId: string | null;
      pool: string;
      labels: {
        [key: string]: string;
      };
      error: string | null;
      /** @description Grows with every change; the ETag, and what If-Match compares */
      version: number;
      /** @description How far it is while creating or busy, from 0 to 1 */
      progress: number;
      /** Format: date-time */
      createdAt: string;
      /** Format: date-time */
      updatedAt: string;
    };
    CreateImage: {
      name: string;
      /** @description whole bytes, or a string such as "512M" or "1.5G" (suffixes B K M G T P E, 1024-based) */
      size?: number | string;
      /**
       * @description The rule book: ZBC-2 or NVMe ZNS
       * @enum {string}
       */
      profile?: "zbc" | "zns";
      /** @description whole bytes, or a string such as "512M" or "1.5G" (suffixes B K M G T P E, 1024-based) */
      zoneSize?: number | string;
      /** @description whole bytes, or a string such as "512M" or "1.5G" (suffixes B K M G T P E, 1024-based) */
      zoneCapacity?: number | string;
      conventionalZones?: number;
      /** @description 0: no limit */
      maxOpenZones?: number;
      /** @description 0: no limit */
      maxActiveZones?: number;
      /** @description Largest append in 512-byte sectors; 0: no append */
      maxAppendSectors?: number;
      logicalBlockSize?: 512 | 4096;
      /**
       * Format: uuid
       * @description The new image is an overlay of this one, and has its size and its zones
       */
      backingImageId?: string;
      /** @description whole bytes, or a string such as "512M" or "1.5G" (suffixes B K M G T P E, 1024-based) */
      clusterSize?: number | string;
      /** @default {} */
      labels?: {
        [key: string]: string;
      };
    };
    ImagePage: {
      items: components["schemas"]["Image"][];
      nextCursor: string | null;
    };
    UpdateImage: {
      name?: string;
      labels?: {
        [key: string]: string;
      };
    };
    CloneImage: {
      name: string;
      /** @default {} */
      labels?: {
        [key: string]: string;
      };
    };
    ZoneReport: {
      items: components["schemas"]["Zone"][];
      /** @description The next `from`; null when no zone is left */
      nextCursor: string | null;
    };
    Zone: {
      index: number;
      /** @enum {string} */
      type: "conventional" | "sequential";
      /** @enum {string} */
      condition: "not-wp" | "empty" | "implicit-open" | "explicit-open" | "closed" | "read-only" | "full" | "offline";
      start: number;
      size: number;
      capacity: number;
      /** @description Absolute; start + size where the zone is full */
      writePointer: number;
      resetCount: number;
    };
    SnapshotPage: {
      items: components["schemas"]["Snapshot"][];
      /** @enum {string|null} */
      nextCursor: null;
    };
    Snapshot: {
      /** @description Of the image; a small number as text */
      id: string;
      name: string;
      /** Format: date-time */
      createdAt: string;
      /** @description Size of the disk then, in bytes */
      size: number;
    };
    CreateSnapshot: {
      name: string;
    };
    CreateExport: {
      /**
       * Format: uuid
       * @description UUID version 7
       */
      imageId: string;
      /** @description NBD export name; the name of the image if left out */
      name?: string;
      /** @default false */
      readOnly?: boolean;
      /** @description Any live gateway that reaches the pool if left out */
      gatewayId?: string;
      /** @default {} */
      options?: {
        /**
         * @description reset: the WRITE_ZEROES pieces that QEMU makes of one zone reset act as that reset
         * @default write
         * @enum {string}
         */
        zeroes?: "write" | "reset";
        /**
         * @description reset: a TRIM resets the zones that it covers wholly
         * @default reset
         * @enum {string}
         */
        trim?: "reset" | "ignore";
        /**
         * @description Whether open and active limits hold
         * @default on
         * @enum {string}
         */
        limits?: "on" | "off";
        /** @description Bytes of writes ahead of a write pointer that wait for those before them; 0: none */
        reorder?: number;
        rates?: {
          /** @description Requests a second */
          iops?: number;
          /** @description Read and written */
          bytesPerSecond?: number;
        };
        /** @description Names in client certificates, one of which a client must have; everyone if left out */
        allow?: string[];
      };
    };
    Export: {
      /**
       * Format: uuid
       * @description UUID version 7
       */
      id: string;
      /**
       * Format: uuid
       * @description UUID version 7
       */
      imageId: string;
      gatewayId: string;
      name: string;
      readOnly: boolean;
      options: {
        /**
         * @description reset: the WRITE_ZEROES pieces that QEMU makes of one zone reset act as that reset
         * @default write
         * @enum {string}
         */
        zeroes: "write" | "reset";
        /**
         * @description reset: a TRIM resets the zones that it covers wholly
         * @default reset
         * @enum {string}
         */
        trim: "reset" | "ignore";
        /**
         * @description Whether open and active limits hold
         * @default on
         * @enum {string}
         */
        limits: "on" | "off";
        /** @description Bytes of writes ahead of a write pointer that wait for those before them; 0: none */
        reorder?: number;
        rates?: {
          /** @description Requests a second */
          iops?: number;
          /** @description Read and written */
          bytesPerSecond?: number;
        };
        /** @description Names in client certificates, one of which a client must have; everyone if left out */
        allow?: string[];
      };
      /** @enum {string} */
      status: "attaching" | "active" | "detaching" | "failed";
      /** @description nbd://host:port/name, once active */
      uri: string | null;
      error: string | null;
      /** Format: date-time */
      createdAt: string;
      /** Format: date-time */
      updatedAt: string;
    };
    ExportPage: {
      items: components["schemas"]["Export"][];
      nextCursor: string | null;
    };
    UpdateExport: {
      readOnly?: boolean;
      /** @description Replaces the rates; {} lifts them */
      rates?: {
        /** @description Requests a second */
        iops?: number;
        /** @description Read and written */
        bytesPerSecond?: number;
      };
    };
    CreateExperiment: {
      name?: string;
      device: components["schemas"]["ExperimentDevice"];
      workload: components["schemas"]["Workload"];
      /** @default 1 */
      seed?: number;
      /** @description Whether every answer of the device is predicted and checked */
      audit?: boolean;
      /** @description The higher the sooner; 0 if left out */
      priority?: number;
      /** @description Time that the run may take before it fails */
      timeoutSeconds?: number;
    };
    ExperimentDevice: {
      /** @enum {string} */
      preset: "ideal" | "custom" | "zn540" | "femu-default" | "hm-smr";
      geometry?: {
        /**
         * @description The rule book: ZBC-2 or NVMe ZNS
         * @enum {string}
         */
        profile?: "zbc" | "zns";
        /** @description whole bytes, or a string such as "512M" or "1.5G" (suffixes B K M G T P E, 1024-based) */
        size?: number | string;
        /** @description whole bytes, or a string such as "512M" or "1.5G" (suffixes B K M G T P E, 1024-based) */
        zoneSize?: number | string;
        /** @description whole bytes, or a string such as "512M" or "1.5G" (suffixes B K M G T P E, 1024-based) */
        zoneCapacity?: number | string;
        conventionalZones?: number;
        /** @description 0: no limit */
        maxOpenZones?: number;
        /** @description 0: no limit */
        maxActiveZones?: number;
        /** @description 0: no append */
        maxAppendBytes?: number | string;
        logicalBlockSize?: 512 | 4096;
      };
      timing?: {
        /**
         * @description The preset's if left out; constant: every command takes serviceTimeNs
         * @enum {string}
         */
        model?: "constant" | "flash" | "disk";
        serviceTimeNs?: number;
        flash?: {
          dies?: number;
          channels?: number;
          /** @description 0: all */
          diesPerZone?: number;
          /** @description whole bytes, or a string such as "512M" or "1.5G" (suffixes B K M G T P E, 1024-based) */
          pageBytes?: number | string;
          /** @description Bytes per second */
          channelRate?: number;
          /** @description Bytes per second */
          hostReadRate?: number;
          /** @description Bytes per second */
          hostWriteRate?: number;
          readCommandNs?: number;
          writeCommandNs?: number;
          appendCommandNs?: number;
          manageCommandNs?: number;
          /** @enum {string} */
          commandSpread?: "none" | "exponential";
          readFixedNs?: number;
          writeFixedNs?: number;
          appendFixedNs?: number;
          implicitOpenNs?: number;
          pageReadNs?: number;
          slowPageReadNs?: number;
          slowPageEvery?: number;
          /** @description whole bytes, or a string such as "512M" or "1.5G" (suffixes B K M G T P E, 1024-based) */
          programBytes?: number | string;
          programNs?: number;
          programSliceNs?: number;
          /** @description whole bytes, or a string such as "512M" or "1.5G" (suffixes B K M G T P E, 1024-based) */
          flushBytes?: number | string;
          /** @description 0: no bound */
          bufferBytes?: number | string;
          /** @description 0: no bound */
          zoneBufferBytes?: number | string;
          openNs?: number;
          closeNs?: number;
          recordNs?: number;
          resetWorkNs?: number;
          workSliceNs?: number;
          eraseNs?: number;
          finishNs?: number;
          finishPads?: boolean;
        };
        disk?: {
          revolutionNs?: number;
          /** @description Bytes per second */
          outerRate?: number;
          /** @description Bytes per second */
          innerRate?: number;
          seekNs?: number;
          strokeNs?: number;
          queueDepth?: number;
          commandNs?: number;
          /** @description Bytes per second */
          interfaceRate?: number;
          /** @description whole bytes, or a string such as "512M" or "1.5G" (suffixes B K M G T P E, 1024-based) */
          writeCacheBytes?: number | string;
          /** @description whole bytes, or a string such as "512M" or "1.5G" (suffixes B K M G T P E, 1024-based) */
          readAheadBytes?: number | string;
          manageNs?: number;
        };
      };
      /** @description Sequential zones, from the first, that are full when the run starts */
      prefilledZones?: number;
    };
    Workload: {
      phases?: components["schemas"]["Phase"][];
      /** @description Text of a fio job file with zonemode=zbd, instead of phases */
      fio?: string;
    };
    Phase: ({
      /** @enum {string} */
      kind: "seq-write";
      name?: string;
      /** @description 4096 if left out */
      blockSize?: number | string;
      /** @description Commands in flight per job */
      queueDepth?: number;
      /** @description Writers or readers side by side */
      jobs?: number;
      /** @description All sequential zones if left out */
      zones?: {
        first?: number;
        count?: number;
      };
      /** @description whole bytes, or a string such as "512M" or "1.5G" (suffixes B K M G T P E, 1024-based) */
      bytes?: number | string;
      operations?: number;
      /** @description Simulated time */
      seconds?: number;
      /** @description Runs together with the phase before it; ends with it where it has no amount */
      alongside?: boolean;
      /** @description Bytes per second to keep below; 0: no bound */
      rate?: number | string;
      /** @description Between the end of a command and the next one in its place */
      thinkNs?: number;
      /**
       * @description A phase that needs more open or active zones than the device has is refused, or runs
       * @enum {string}
       */
      overLimit?: "reject" | "count";
      /** @description Reset the zone in hand every 1/resetFrequency writes */
      resetFrequency?: number;
      /** @description Share of the span that must hold data for that */
      resetThreshold?: number;
    }) | ({
      /** @enum {string} */
      kind: "zone-append";
      name?: string;
      /** @description 4096 if left out */
      blockSize?: number | string;
      /** @description Commands in flight per job */
      queueDepth?: number;
      /** @description Writers or readers side by side */
      jobs?: number;
      /** @description All sequential zones if left out */
      zones?: {
        first?: number;
        count?: number;
      };
      /** @description whole bytes, or a string such as "512M" or "1.5G" (suffixes B K M G T P E, 1024-based) */
      bytes?: number | string;
      operations?: number;
      /** @description Simulated time */
      seconds?: number;
      /** @description Runs together with the phase before it; ends with it where it has no amount */
      alongside?: boolean;
      /** @description Bytes per second to keep below; 0: no bound */
      rate?: number | string;
      /** @description Between the end of a command and the next one in its place */
      thinkNs?: number;
      /**
       * @description A phase that needs more open or active zones than the device has is refused, or runs
       * @enum {string}
       */
      overLimit?: "reject" | "count";
      /** @description Reset the zone in hand every 1/resetFrequency writes */
      resetFrequency?: number;
      /** @description Share of the span that must hold data for that */
      resetThreshold?: number;
    }) | ({
      /** @enum {string} */
      kind: "seq-read";
      name?: string;
      /** @description 4096 if left out */
      blockSize?: number | string;
      /** @description Commands in flight per job */
      queueDepth?: number;
      /** @description Writers or readers side by side */
      jobs?: number;
      /** @description All sequential zones if left out */
      zones?: {
        first?: number;
        count?: number;
      };
      /** @description whole bytes, or a string such as "512M" or "1.5G" (suffixes B K M G T P E, 1024-based) */
      bytes?: number | string;
      operations?: number;
      /** @description Simulated time */
      seconds?: number;
      /** @description Runs together with the phase before it; ends with it where it has no amount */
      alongside?: boolean;
      /** @description Bytes per second to keep below; 0: no bound */
      rate?: number | string;
      /** @description Between the end of a command and the next one in its place */
      thinkNs?: number;
      /**
       * @description A phase that needs more open or active zones than the device has is refused, or runs
       * @enum {string}
       */
      overLimit?: "reject" | "count";
    }) | ({
      /** @enum {string} */
      kind: "random-read";
      name?: string;
      /** @description 4096 if left out */
      blockSize?: number | string;
      /** @description Commands in flight per job */
      queueDepth?: number;
      /** @description Writers or readers side by side */
      jobs?: number;
      /** @description All sequential zones if left out */
      zones?: {
        first?: number;
        count?: number;
      };
      /** @description whole bytes, or a string such as "512M" or "1.5G" (suffixes B K M G T P E, 1024-based) */
      bytes?: number | string;
      operations?: number;
      /** @description Simulated time */
      seconds?: number;
      /** @description Runs together with the phase before it; ends with it where it has no amount */
      alongside?: boolean;
      /** @description Bytes per second to keep below; 0: no bound */
      rate?: number | string;
      /** @description Between the end of a command and the next one in its place */
      thinkNs?: number;
      /**
       * @description A phase that needs more open or active zones than the device has is refused, or runs
       * @enum {string}
       */
      overLimit?: "reject" | "count";
      /** @description How zones or streams are drawn; uniform if left out */
      distribution?: OneOf<[{
        /** @enum {string} */
        kind: "uniform";
      }, {
        /** @enum {string} */
        kind: "zipf";
        theta?: number;
      }, {
        /** @enum {string} */
        kind: "hot-cold";
        hot?: number;
        access?: number;
      }, {
        /** @enum {string} */
        kind: "pareto";
        h?: number;
      }]>;
    }) | ({
      /** @enum {string} */
      kind: "random-read-below-wp";
      name?: string;
      /** @description 4096 if left out */
      blockSize?: number | string;
      /** @description Commands in flight per job */
      queueDepth?: number;
      /** @description Writers or readers side by side */
      jobs?: number;
      /** @description All sequential zones if left out */
      zones?: {
        first?: number;
        count?: number;
      };
      /** @description whole bytes, or a string such as "512M" or "1.5G" (suffixes B K M G T P E, 1024-based) */
      bytes?: number | string;
      operations?: number;
      /** @description Simulated time */
      seconds?: number;
      /** @description Runs together with the phase before it; ends with it where it has no amount */
      alongside?: boolean;
      /** @description Bytes per second to keep below; 0: no bound */
      rate?: number | string;
      /** @description Between the end of a command and the next one in its place */
      thinkNs?: number;
      /**
       * @description A phase that needs more open or active zones than the device has is refused, or runs
       * @enum {string}
       */
      overLimit?: "reject" | "count";
      /** @description How zones or streams are drawn; uniform if left out */
      distribution?: OneOf<[{
        /** @enum {string} */
        kind: "uniform";
      }, {
        /** @enum {string} */
        kind: "zipf";
        theta?: number;
      }, {
        /** @enum {string} */
        kind: "hot-cold";
        hot?: number;
        access?: number;
      }, {
        /** @enum {string} */
        kind: "pareto";
        h?: number;
      }]>;
    }) | ({
      /** @enum {string} */
      kind: "mixed";
      name?: string;
      /** @description 4096 if left out */
      blockSize?: number | string;
      /** @description Commands in flight per job */
      queueDepth?: number;
      /** @description Writers or readers side by side */
      jobs?: number;
      /** @description All sequential zones if left out */
      zones?: {
        first?: number;
        count?: number;
      };
      /** @description whole bytes, or a string such as "512M" or "1.5G" (suffixes B K M G T P E, 1024-based) */
      bytes?: number | string;
      operations?: number;
      /** @description Simulated time */
      seconds?: number;
      /** @description Runs together with the phase before it; ends with it where it has no amount */
      alongside?: boolean;
      /** @description Bytes per second to keep below; 0: no bound */
      rate?: number | string;
      /** @description Between the end of a command and the next one in its place */
      thinkNs?: number;
      /**
       * @description A phase that needs more open or active zones than the device has is refused, or runs
       * @enum {string}
       */
      overLimit?: "reject" | "count";
      /** @description Reset the zone in hand every 1/resetFrequency writes */
      resetFrequency?: number;
      /** @description Share of the span that must hold data for that */
      resetThreshold?: number;
      readShare: number;
    }) | ({
      /** @enum {string} */
      kind: "reset-churn";
      name?: string;
      /** @description 4096 if left out */
      blockSize?: number | string;
      /** @description Commands in flight per job */
      queueDepth?: number;
      /** @description Writers or readers side by side */
      jobs?: number;
      /** @description All sequential zones if left out */
      zones?: {
        first?: number;
        count?: number;
      };
      /** @description whole bytes, or a string such as "512M" or "1.5G" (suffixes B K M G T P E, 1024-based) */
      bytes?: number | string;
      operations?: number;
      /** @description Simulated time */
      seconds?: number;
      /** @description Runs together with the phase before it; ends with it where it has no amount */
      alongside?: boolean;
      /** @description Bytes per second to keep below; 0: no bound */
      rate?: number | string;
      /** @description Between the end of a command and the next one in its place */
      thinkNs?: number;
      /**
       * @description A phase that needs more open or active zones than the device has is refused, or runs
       * @enum {string}
       */
      overLimit?: "reject" | "count";
      /** @description Share of the capacity written before the reset */
      fill?: number;
      /** @description Whether a zone is finished before its reset */
      finish?: boolean;
    }) | ({
      /** @enum {string} */
      kind: "fill";
      name?: string;
      /** @description 4096 if left out */
      blockSize?: number | string;
      /** @description Commands in flight per job */
      queueDepth?: number;
      /** @description Writers or readers side by side */
      jobs?: number;
      /** @description All sequential zones if left out */
      zones?: {
        first?: number;
        count?: number;
      };
      /** @description whole bytes, or a string such as "512M" or "1.5G" (suffixes B K M G T P E, 1024-based) */
      bytes?: number | string;
      operations?: number;
      /** @description Simulated time */
      seconds?: number;
      /** @description Runs together with the phase before it; ends with it where it has no amount */
      alongside?: boolean;
      /** @description Bytes per second to keep below; 0: no bound */
      rate?: number | string;
      /** @description Between the end of a command and the next one in its place */
      thinkNs?: number;
      /**
       * @description A phase that needs more open or active zones than the device has is refused, or runs
       * @enum {string}
       */
      overLimit?: "reject" | "count";
    }) | ({
      /** @enum {string} */
      kind: "reset-storm";
      name?: string;
      /** @description 4096 if left out */
      blockSize?: number | string;
      /** @description Commands in flight per job */
      queueDepth?: number;
      /** @description Writers or readers side by side */
      jobs?: number;
      /** @description All sequential zones if left out */
      zones?: {
        first?: number;
        count?: number;
      };
      /** @description whole bytes, or a string such as "512M" or "1.5G" (suffixes B K M G T P E, 1024-based) */
      bytes?: number | string;
      operations?: number;
      /** @description Simulated time */
      seconds?: number;
      /** @description Runs together with the phase before it; ends with it where it has no amount */
      alongside?: boolean;
      /** @description Bytes per second to keep below; 0: no bound */
      rate?: number | string;
      /** @description Between the end of a command and the next one in its place */
      thinkNs?: number;
      /**
       * @description A phase that needs more open or active zones than the device has is refused, or runs
       * @enum {string}
       */
      overLimit?: "reject" | "count";
    }) | ({
      /** @enum {string} */
      kind: "finish-storm";
      name?: string;
      /** @description 4096 if left out */
      blockSize?: number | string;
      /** @description Commands in flight per job */
      queueDepth?: number;
      /** @description Writers or readers side by side */
      jobs?: number;
      /** @description All sequential zones if left out */
      zones?: {
        first?: number;
        count?: number;
      };
      /** @description whole bytes, or a string such as "512M" or "1.5G" (suffixes B K M G T P E, 1024-based) */
      bytes?: number | string;
      operations?: number;
      /** @description Simulated time */
      seconds?: number;
      /** @description Runs together with the phase before it; ends with it where it has no amount */
      alongside?: boolean;
      /** @description Bytes per second to keep below; 0: no bound */
      rate?: number | string;
      /** @description Between the end of a command and the next one in its place */
      thinkNs?: number;
      /**
       * @description A phase that needs more open or active zones than the device has is refused, or runs
       * @enum {string}
       */
      overLimit?: "reject" | "count";
    }) | ({
      /** @enum {string} */
      kind: "multi-stream";
      name?: string;
      /** @description 4096 if left out */
      blockSize?: number | string;
      /** @description Commands in flight per job */
      queueDepth?: number;
      /** @description Writers or readers side by side */
      jobs?: number;
      /** @description All sequential zones if left out */
      zones?: {
        first?: number;
        count?: number;
      };
      /** @description whole bytes, or a string such as "512M" or "1.5G" (suffixes B K M G T P E, 1024-based) */
      bytes?: number | string;
      operations?: number;
      /** @description Simulated time */
      seconds?: number;
      /** @description Runs together with the phase before it; ends with it where it has no amount */
      alongside?: boolean;
      /** @description Bytes per second to keep below; 0: no bound */
      rate?: number | string;
      /** @description Between the end of a command and the next one in its place */
      thinkNs?: number;
      /**
       * @description A phase that needs more open or active zones than the device has is refused, or runs
       * @enum {string}
       */
      overLimit?: "reject" | "count";
      /** @description Reset the zone in hand every 1/resetFrequency writes */
      resetFrequency?: number;
      /** @description Share of the span that must hold data for that */
      resetThreshold?: number;
      streams?: number;
      /** @description How zones or streams are drawn; uniform if left out */
      distribution?: OneOf<[{
        /** @enum {string} */
        kind: "uniform";
      }, {
        /** @enum {string} */
        kind: "zipf";
        theta?: number;
      }, {
        /** @enum {string} */
        kind: "hot-cold";
        hot?: number;
        access?: number;
      }, {
        /** @enum {string} */
        kind: "pareto";
        h?: number;
      }]>;
    }) | ({
      /** @enum {string} */
      kind: "idle";
      name?: string;
      /** @description 4096 if left out */
      blockSize?: number | string;
      /** @description Commands in flight per job */
      queueDepth?: number;
      /** @description Writers or readers side by side */
      jobs?: number;
      /** @description All sequential zones if left out */
      zones?: {
        first?: number;
        count?: number;
      };
      /** @description whole bytes, or a string such as "512M" or "1.5G" (suffixes B K M G T P E, 1024-based) */
      bytes?: number | string;
      operations?: number;
      /** @description Simulated time */
      seconds?: number;
      /** @description Runs together with the phase before it; ends with it where it has no amount */
      alongside?: boolean;
      /** @description Bytes per second to keep below; 0: no bound */
      rate?: number | string;
      /** @description Between the end of a command and the next one in its place */
      thinkNs?: number;
      /**
       * @description A phase that needs more open or active zones than the device has is refused, or runs
       * @enum {string}
       */
      overLimit?: "reject" | "count";
    }) | ({
      /** @enum {string} */
      kind: "random-write";
      name?: string;
      /** @description 4096 if left out */
      blockSize?: number | string;
      /** @description Commands in flight per job */
      queueDepth?: number;
      /** @description Writers or readers side by side */
      jobs?: number;
      /** @description All sequential zones if left out */
      zones?: {
        first?: number;
        count?: number;
      };
      /** @description whole bytes, or a string such as "512M" or "1.5G" (suffixes B K M G T P E, 1024-based) */
      bytes?: number | string;
      operations?: number;
      /** @description Simulated time */
      seconds?: number;
      /** @description Runs together with the phase before it; ends with it where it has no amount */
      alongside?: boolean;
      /** @description Bytes per second to keep below; 0: no bound */
      rate?: number | string;
      /** @description Between the end of a command and the next one in its place */
      thinkNs?: number;
      /**
       * @description A phase that needs more open or active zones than the device has is refused, or runs
       * @enum {string}
       */
      overLimit?: "reject" | "count";
      /** @description Share of the zones that the translation keeps free; 0.1 if left out */
      overProvisioning?: number;
      /** @description How zones or streams are drawn; uniform if left out */
      distribution?: OneOf<[{
        /** @enum {string} */
        kind: "uniform";
      }, {
        /** @enum {string} */
        kind: "zipf";
        theta?: number;
      }, {
        /** @enum {string} */
        kind: "hot-cold";
        hot?: number;
        access?: number;
      }, {
        /** @enum {string} */
        kind: "pareto";
        h?: number;
      }]>;
      readShare?: number;
      /** @description Whether the space is written once before blocks are drawn; true if left out */
      fillFirst?: boolean;
    }) | ({
      /** @enum {string} */
      kind: "rocksdb-zenfs" | "f2fs" | "btrfs" | "smr-streams";
      name?: string;
      /** @description 4096 if left out */
      blockSize?: number | string;
      /** @description Commands in flight per job */
      queueDepth?: number;
      /** @description Writers or readers side by side */
      jobs?: number;
      /** @description All sequential zones if left out */
      zones?: {
        first?: number;
        count?: number;
      };
      /** @description whole bytes, or a string such as "512M" or "1.5G" (suffixes B K M G T P E, 1024-based) */
      bytes?: number | string;
      operations?: number;
      /** @description Simulated time */
      seconds?: number;
      /** @description Runs together with the phase before it; ends with it where it has no amount */
      alongside?: boolean;
      /** @description Bytes per second to keep below; 0: no bound */
      rate?: number | string;
      /** @description Between the end of a command and the next one in its place */
      thinkNs?: number;
      /**
       * @description A phase that needs more open or active zones than the device has is refused, or runs
       * @enum {string}
       */
      overLimit?: "reject" | "count";
      /** @description Share of the zones that live data takes; 0.6 if left out */
      liveShare?: number;
    }) | ({
      /** @enum {string} */
      kind: "trace";
      name?: string;
      /** @description 4096 if left out */
      blockSize?: number | string;
      /** @description Commands in flight per job */
      queueDepth?: number;
      /** @description Writers or readers side by side */
      jobs?: number;
      /** @description All sequential zones if left out */
      zones?: {
        first?: number;
        count?: number;
      };
      /** @description whole bytes, or a string such as "512M" or "1.5G" (suffixes B K M G T P E, 1024-based) */
      bytes?: number | string;
      operations?: number;
      /** @description Simulated time */
      seconds?: number;
      /** @description Runs together with the phase before it; ends with it where it has no amount */
      alongside?: boolean;
      /** @description Bytes per second to keep below; 0: no bound */
      rate?: number | string;
      /** @description Between the end of a command and the next one in its place */
      thinkNs?: number;
      /**
       * @description A phase that needs more open or active zones than the device has is refused, or runs
       * @enum {string}
       */
      overLimit?: "reject" | "count";
      /** @description Share of the zones that the translation keeps free; 0.1 if left out */
      overProvisioning?: number;
      /** @enum {string} */
      format: "fio-iolog" | "blkparse" | "msr" | "alibaba" | "tencent" | "systor17";
      trace: string;
      /**
       * @description log: a log-structured translation with garbage collection; none: addresses as they are
       * @enum {string}
       */
      translation?: "log" | "none";
      /** @description 1: at the times of the trace; 0: as fast as the queue allows */
      speed?: number;
    });
    Experiment: {
      /**
       * Format: uuid
       * @description UUID version 7
       */
      id: string;
      name: string | null;
      /** @enum {string} */
      status: "queued" | "running" | "succeeded" | "failed" | "cancelled";
      progress: number;
      seed: number;
      definition: {
        [key: string]: unknown;
      };
      error: string | null;
      priority: number;
      timeoutSeconds: number | null;
      /** @description Time to its end at the pace so far; null unless it runs */
      remainingSeconds: number | null;
      /**
       * Format: uuid
       * @description UUID version 7
       */
      sweepId: string | null;
      /** @description What tells it from the others of its sweep */
      sweepLabel: string | null;
      /** @description Of the report; null until it succeeded */
      summary: ({
        durationNs: number;
        iops: number | null;
        readBytesPerSecond: number | null;
        writtenBytesPerSecond: number | null;
        p99LatencyNs: number | null;
        writeAmplification: number | null;
      }) | null;
      /** Format: date-time */
      createdAt: string;
      /** Format: date-time */
      startedAt: string | null;
      /** Format: date-time */
      finishedAt: string | null;
    };
    ExperimentPage: {
      items: components["schemas"]["Experiment"][];
      nextCursor: string | null;
    };
    Comparison: {
      [key: string]: unknown;
    };
    ExperimentReport: {
      [key: string]: unknown;
    };
    CreateSweep: {
      name?: string;
      /** @description An experiment, of which some fields vary */
      base: {
        [key: string]: unknown;
      };
      /**
       * @default cartesian
       * @enum {string}
       */
      mode?: "cartesian" | "zipped";
      /** @description Values by the path of the field, as workload.phases[0].queueDepth */
      vary: {
        [key: string]: unknown[] | {
          from: number;
          to: number;
          step?: number;
          factor?: number;
        };
      };
      /** @description The higher the sooner; 0 if left out */
      priority?: number;
      /** @description Time that the run may take before it fails */
      timeoutSeconds?: number;
    };
    Sweep: {
      /**
       * Format: uuid
       * @description UUID version 7
       */
      id: string;
      name: string | null;
      /**
       * @description failed, cancelled: at least one of its experiments is; it goes on with the others
       * @enum {string}
       */
      status: "queued" | "running" | "succeeded" | "failed" | "cancelled";
      progress: number;
      runs: number;
      /** @description Experiments by status */
      counts: {
        [key: string]: number;
      };
      definition: {
        [key: string]: unknown;
      };
      /** Format: date-time */
      createdAt: string;
      /** Format: date-time */
      finishedAt: string | null;
    };
    SweepPage: {
      items: components["schemas"]["Sweep"][];
      nextCursor: string | null;
    };
    PresetPage: {
      items: components["schemas"]["Preset"][];
      /** @enum {string|null} */
      nextCursor: null;
    };
    Preset: {
      name: string;
      description: string;
    };
    WorkloadPage: {
      items: components["schemas"]["WorkloadInfo"][];
      /** @enum {string|null} */
      nextCursor: null;
    };
    WorkloadInfo: {
      kind: string;
      description: string;
    };
    GatewayPage: {
      items: components["schemas"]["Gateway"][];
      /** @enum {string|null} */
      nextCursor: null;
    };
    Gateway: {
      id: string;
      host: string;
      port: number | null;
      unixSocket: string | null;
      pools: string[];
      alive: boolean;
      /** Format: date-time */
      heartbeatAt: string;
    };
    CreateKey: {
      name: string;
      /**
       * @description viewer: looks; operator: also changes; admin: also keeps keys and reads the audit
       * @enum {string}
       */
      role: "admin" | "operator" | "viewer";
      /**
       * Format: date-time
       * @description Never if left out
       */
      expiresAt?: string;
    };
    CreatedKey: {
      /**
       * Format: uuid
       * @description UUID version 7
       */
      id: string;
      name: string;
      /**
       * @description viewer: looks; operator: also changes; admin: also keeps keys and reads the audit
       * @enum {string}
       */
      role: "admin" | "operator" | "viewer";
      /** Format: date-time */
      createdAt: string;
      /** Format: date-time */
      expiresAt: string | null;
      /** Format: date-time */
      revokedAt: string | null;
      /**
       * Format: date-time
       * @description To the minute
       */
      lastUsedAt: string | null;
      /** @description Shown once, and stored nowhere */
      key: string;
    };
    KeyPage: {
      items: components["schemas"]["Key"][];
      nextCursor: string | null;
    };
    Key: {
      /**
       * Format: uuid
       * @description UUID version 7
       */
      id: string;
      name: string;
      /**
       * @description viewer: looks; operator: also changes; admin: also keeps keys and reads the audit
       * @enum {string}
       */
      role: "admin" | "operator" | "viewer";
      /** Format: date-time */
      createdAt: string;
      /** Format: date-time */
      expiresAt: string | null;
      /** Format: date-time */
      revokedAt: string | null;
      /**
       * Format: date-time
       * @description To the minute
       */
      lastUsedAt: string | null;
    };
    AuditPage: {
      items: components["schemas"]["AuditEntry"][];
      nextCursor: string | null;
    };
    AuditEntry: {
      /**
       * Format: uuid
       * @description UUID version 7
       */
      id: string;
      /** Format: date-time */
      at: string;
      /**
       * Format: uuid
       * @description UUID version 7
       */
      keyId: string;
      keyName: string;
      /**
       * @description viewer: looks; operator: also changes; admin: also keeps keys and reads the audit
       * @enum {string}
       */
      role: "admin" | "operator" | "viewer";
      method: string;
      path: string;
      /** @description The HTTP status that was answered */
      status: number;
      /** @description The code of the problem, where it was refused */
      code: string | null;
    };
    Health: {
      /** @enum {string} */
      status: "ok";
    };
    Problem: {
      type: string;
      title: string;
      status: number;
      /** @description Stable and snake_case; match this, not the texts */
      code: string;
      detail: string;
      instance?: string;
      errors?: {
          /** @description Where: dotted, as in zoned.zoneSize; empty for the whole document */
          path: string;
          /** @description The value as given */
          given: unknown;
          /** @description What would have been accepted */
          allowed: string;
        }[];
      /** @description Facts behind the refusal, such as zoneIndex, zoneCondition, writePointer */
      context?: {
        [key: string]: unknown;
      };
    };
  };
  responses: never;
  parameters: never;
  requestBodies: never;
  headers: never;
  pathItems: never;
}

export type $defs = Record<string, never>;

export type external = Record<string, never>;

export interface operations {

  Content_import: {
    parameters: {
      query: {
        name: string;
        /** @description Of the body, never guessed */
        format?: "qcow2" | "raw";
        /** @description Size of the disk; needed for a compressed raw body, whose length does not tell it */
        size?: number | string;
        /** @description key=value; given several times, all must hold */
        label?: string | string[];
      };
    };
    requestBody: {
      content: {
        "application/octet-stream": string;
      };
    };
    responses: {
      201: {
        content: {
          "application/json": components["schemas"]["Image"];
        };
      };
      /** @description A problem */
      default: {
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  Content_download: {
    parameters: {
      query?: {
        /** @description qcow2: the image as it is; raw: the bytes of the disk, its zones lost */
        format?: "qcow2" | "raw";
      };
      path: {
        /** @description UUID version 7 */
        id: string;
      };
    };
    responses: {
      200: {
        content: never;
      };
      /** @description A problem */
      default: {
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  Images_list: {
    parameters: {
      query?: {
        limit?: number;
        /** @description nextCursor of the page before */
        cursor?: string;
        name?: string;
        status?: "creating" | "ready" | "busy" | "failed" | "deleting";
        /** @description key=value; given several times, all must hold */
        label?: string | string[];
      };
    };
    responses: {
      200: {
        content: {
          "application/json": components["schemas"]["ImagePage"];
        };
      };
      /** @description A problem */
      default: {
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  Images_create: {
    requestBody: {
      content: {
        "application/json": components["schemas"]["CreateImage"];
      };
    };
    responses: {
      201: {
        content: {
          "application/json": components["schemas"]["Image"];
        };
      };
      /** @description A problem */
      default: {
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  Images_get: {
    parameters: {
      path: {
        /** @description UUID version 7 */
        id: string;
      };
    };
    responses: {
      200: {
        content: {
          "application/json": components["schemas"]["Image"];
        };
      };
      /** @description A problem */
      default: {
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  Images_delete: {
    parameters: {
      path: {
        /** @description UUID version 7 */
        id: string;
      };
    };
    responses: {
      204: {
        content: never;
      };
      /** @description A problem */
      default: {
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  Images_update: {
    parameters: {
      path: {
        /** @description UUID version 7 */
        id: string;
      };
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["UpdateImage"];
      };
    };
    responses: {
      200: {
        content: {
          "application/json": components["schemas"]["Image"];
        };
      };
      /** @description A problem */
      default: {
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  Images_clone: {
    parameters: {
      path: {
        /** @description UUID version 7 */
        id: string;
      };
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["CloneImage"];
      };
    };
    responses: {
      201: {
        content: {
          "application/json": components["schemas"]["Image"];
        };
      };
      /** @description A problem */
      default: {
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  Zones_report: {
    parameters: {
      query?: {
        /** @description Index of the first zone */
        from?: number;
        /** @description Most zones to answer */
        count?: number;
        state?: "not-wp" | "empty" | "implicit-open" | "explicit-open" | "closed" | "read-only" | "full" | "offline";
      };
      path: {
        /** @description UUID version 7 */
        id: string;
      };
    };
    responses: {
      200: {
        content: {
          "application/json": components["schemas"]["ZoneReport"];
        };
      };
      /** @description A problem */
      default: {
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  Zones_resetAll: {
    parameters: {
      path: {
        /** @description UUID version 7 */
        id: string;
      };
    };
    responses: {
      204: {
        content: never;
      };
      /** @description A problem */
      default: {
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  Zones_manage: {
    parameters: {
      path: {
        /** @description UUID version 7 */
        id: string;
        index: number;
        action: "open" | "close" | "finish" | "reset" | "offline";
      };
    };
    responses: {
      200: {
        content: {
          "application/json": components["schemas"]["Zone"];
        };
      };
      /** @description A problem */
      default: {
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  Snapshots_list: {
    parameters: {
      path: {
        /** @description UUID version 7 */
        id: string;
      };
    };
    responses: {
      200: {
        content: {
          "application/json": components["schemas"]["SnapshotPage"];
        };
      };
      /** @description A problem */
      default: {
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  Snapshots_create: {
    parameters: {
      path: {
        /** @description UUID version 7 */
        id: string;
      };
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["CreateSnapshot"];
      };
    };
    responses: {
      201: {
        content: {
          "application/json": components["schemas"]["Snapshot"];
        };
      };
      /** @description A problem */
      default: {
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  Snapshots_apply: {
    parameters: {
      path: {
        /** @description UUID version 7 */
        id: string;
        snapshot: string;
      };
    };
    responses: {
      204: {
        content: never;
      };
      /** @description A problem */
      default: {
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  Snapshots_delete: {
    parameters: {
      path: {
        /** @description UUID version 7 */
        id: string;
        snapshot: string;
      };
    };
    responses: {
      204: {
        content: never;
      };
      /** @description A problem */
      default: {
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  Exports_list: {
    parameters: {
      query?: {
        limit?: number;
        /** @description nextCursor of the page before */
        cursor?: string;
        /** @description UUID version 7 */
        imageId?: string;
        gatewayId?: string;
      };
    };
    responses: {
      200: {
        content: {
          "application/json": components["schemas"]["ExportPage"];
        };
      };
      /** @description A problem */
      default: {
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  Exports_create: {
    requestBody: {
      content: {
        "application/json": components["schemas"]["CreateExport"];
      };
    };
    responses: {
      201: {
        content: {
          "application/json": components["schemas"]["Export"];
        };
      };
      /** @description A problem */
      default: {
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  Exports_get: {
    parameters: {
      path: {
        /** @description UUID version 7 */
        id: string;
      };
    };
    responses: {
      200: {
        content: {
          "application/json": components["schemas"]["Export"];
        };
      };
      /** @description A problem */
      default: {
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  Exports_delete: {
    parameters: {
      path: {
        /** @description UUID version 7 */
        id: string;
      };
    };
    responses: {
      204: {
        content: never;
      };
      /** @description A problem */
      default: {
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  Exports_update: {
    parameters: {
      path: {
        /** @description UUID version 7 */
        id: string;
      };
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["UpdateExport"];
      };
    };
    responses: {
      200: {
        content: {
          "application/json": components["schemas"]["Export"];
        };
      };
      /** @description A problem */
      default: {
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  Attach_document: {
    parameters: {
      query?: {
        /** @description nbd: the URI; qemu: a command line; libvirt: a disk element; cloud-init: user-data */
        format?: "nbd" | "qemu" | "libvirt" | "cloud-init";
        /** @description qemu: true for a disk with zones in use, whose zones the document resets first */
        fresh?: "true" | "false";
      };
      path: {
        /** @description UUID version 7 */
        id: string;
      };
    };
    responses: {
      200: {
        content: {
          "text/plain": string;
          "application/xml": string;
          "text/cloud-config": string;
        };
      };
      /** @description A problem */
      default: {
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  Experiments_list: {
    parameters: {
      query?: {
        limit?: number;
        /** @description nextCursor of the page before */
        cursor?: string;
        status?: "queued" | "running" | "succeeded" | "failed" | "cancelled";
        /** @description UUID version 7 */
        sweepId?: string;
      };
    };
    responses: {
      200: {
        content: {
          "application/json": components["schemas"]["ExperimentPage"];
        };
      };
      /** @description A problem */
      default: {
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  Experiments_create: {
    requestBody: {
      content: {
        "application/json": components["schemas"]["CreateExperiment"];
      };
    };
    responses: {
      202: {
        content: {
          "application/json": components["schemas"]["Experiment"];
        };
      };
      /** @description A problem */
      default: {
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  Experiments_compare: {
    parameters: {
      query: {
        /** @description Ids of experiments that succeeded, separated by commas */
        ids: string;
        format?: "json" | "csv" | "html";
      };
    };
    responses: {
      200: {
        content: {
          "application/json": components["schemas"]["Comparison"];
        };
      };
      /** @description A problem */
      default: {
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  Experiments_get: {
    parameters: {
      path: {
        /** @description UUID version 7 */
        id: string;
      };
    };
    responses: {
      200: {
        content: {
          "application/json": components["schemas"]["Experiment"];
        };
      };
      /** @description A problem */
      default: {
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  Experiments_cancel: {
    parameters: {
      path: {
        /** @description UUID version 7 */
        id: string;
      };
    };
    responses: {
      200: {
        content: {
          "application/json": components["schemas"]["Experiment"];
        };
      };
      /** @description A problem */
      default: {
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  Experiments_report: {
    parameters: {
      query?: {
        format?: "json" | "csv" | "html";
        /** @description Which table, as csv */
        table?: "operations" | "series" | "zones";
      };
      path: {
        /** @description UUID version 7 */
        id: string;
      };
    };
    responses: {
      200: {
        content: {
          "application/json": components["schemas"]["ExperimentReport"];
        };
      };
      /** @description A problem */
      default: {
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  Sweeps_list: {
    parameters: {
      query?: {
        limit?: number;
        /** @description nextCursor of the page before */
        cursor?: string;
      };
    };
    responses: {
      200: {
        content: {
          "application/json": components["schemas"]["SweepPage"];
        };
      };
      /** @description A problem */
      default: {
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  Sweeps_create: {
    requestBody: {
      content: {
        "application/json": components["schemas"]["CreateSweep"];
      };
    };
    responses: {
      202: {
        content: {
          "application/json": components["schemas"]["Sweep"];
        };
      };
      /** @description A problem */
      default: {
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  Sweeps_get: {
    parameters: {
      path: {
        /** @description UUID version 7 */
        id: string;
      };
    };
    responses: {
      200: {
        content: {
          "application/json": components["schemas"]["Sweep"];
        };
      };
      /** @description A problem */
      default: {
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  Sweeps_cancel: {
    parameters: {
      path: {
        /** @description UUID version 7 */
        id: string;
      };
    };
    responses: {
      200: {
        content: {
          "application/json": components["schemas"]["Sweep"];
        };
      };
      /** @description A problem */
      default: {
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  Sweeps_report: {
    parameters: {
      query?: {
        format?: "json" | "csv" | "html";
        /** @description Which table, as csv */
        table?: "operations" | "series" | "zones";
      };
      path: {
        /** @description UUID version 7 */
        id: string;
      };
    };
    responses: {
      200: {
        content: {
          "application/json": components["schemas"]["Comparison"];
        };
      };
      /** @description A problem */
      default: {
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  Choices_presets: {
    responses: {
      200: {
        content: {
          "application/json": components["schemas"]["PresetPage"];
        };
      };
      /** @description A problem */
      default: {
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  Choices_workloads: {
    responses: {
      200: {
        content: {
          "application/json": components["schemas"]["WorkloadPage"];
        };
      };
      /** @description A problem */
      default: {
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  Gateways_list: {
    responses: {
      200: {
        content: {
          "application/json": components["schemas"]["GatewayPage"];
        };
      };
      /** @description A problem */
      default: {
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  Keys_list: {
    parameters: {
      query?: {
        limit?: number;
        /** @description nextCursor of the page before */
        cursor?: string;
      };
    };
    responses: {
      200: {
        content: {
          "application/json": components["schemas"]["KeyPage"];
        };
      };
      /** @description A problem */
      default: {
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  Keys_create: {
    requestBody: {
      content: {
        "application/json": components["schemas"]["CreateKey"];
      };
    };
    responses: {
      201: {
        content: {
          "application/json": components["schemas"]["CreatedKey"];
        };
      };
      /** @description A problem */
      default: {
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  Keys_revoke: {
    parameters: {
      path: {
        /** @description UUID version 7 */
        id: string;
      };
    };
    responses: {
      204: {
        content: never;
      };
      /** @description A problem */
      default: {
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  Keys_audit: {
    parameters: {
      query?: {
        limit?: number;
        /** @description nextCursor of the page before */
        cursor?: string;
        /** @description UUID version 7 */
        keyId?: string;
      };
    };
    responses: {
      200: {
        content: {
          "application/json": components["schemas"]["AuditPage"];
        };
      };
      /** @description A problem */
      default: {
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  Events_follow: {
    parameters: {
      query?: {
        resource?: "image" | "export" | "experiment";
        resourceId?: string;
      };
    };
    responses: {
      /** @description A stream of events, each with its type, id and, as data, an Event */
      200: {
        content: never;
      };
      /** @description A problem */
      default: {
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  Health_alive: {
    responses: {
      200: {
        content: {
          "application/json": components["schemas"]["Health"];
        };
      };
      /** @description A problem */
      default: {
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
  Health_ready: {
    responses: {
      200: {
        content: {
          "application/json": components["schemas"]["Health"];
        };
      };
      /** @description A problem */
      default: {
        content: {
          "application/problem+json": components["schemas"]["Problem"];
        };
      };
    };
  };
}
