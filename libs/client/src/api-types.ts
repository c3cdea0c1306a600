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
  "/v1/images/{id}/check": {
    post: operations["Work_check"];
  };
  "/v1/images/{id}/convert": {
    post: operations["Work_convert"];
  };
  "/v1/images/{id}/resize": {
    post: operations["Work_resize"];
  };
  "/v1/images/{id}/faults": {
    get: operations["Faults_get"];
    put: operations["Faults_set"];
    delete: operations["Faults_clear"];
  };
  "/v1/images/{id}/zones": {
    get: operations["Zones_report"];
  };
  "/v1/images/{id}/zones/events": {
    get: operations["Zones_follow"];
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
  "/v1/exports/{id}/stats": {
    get: operations["Exports_stats"];
  };
  "/v1/exports/{id}/attach": {
    get: operations["Attach_document"];
  };
  "/v1/fleets": {
    get: operations["Fleets_list"];
    post: operations["Fleets_create"];
  };
  "/v1/fleets/{id}": {
    get: operations["Fleets_get"];
    delete: operations["Fleets_delete"];
    patch: operations["Fleets_update"];
  };
  "/v1/fleets/{id}/attach": {
    get: operations["Fleets_attachments"];
  };
  "/v1/fleets/{id}/disks": {
    get: operations["Fleets_disks"];
  };
  "/v1/fleets/{id}/disks/{disk}/replace": {
    post: operations["Fleets_replace"];
  };
  "/v1/fleets/{id}/disks/{disk}/attach": {
    get: operations["Fleets_attachment"];
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
    delete: operations["Experiments_delete"];
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
    delete: operations["Sweeps_delete"];
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
  "/v1/traces": {
    get: operations["Traces_list"];
    post: operations["Traces_upload"];
  };
  "/v1/traces/{id}": {
    get: operations["Traces_get"];
    delete: operations["Traces_delete"];
  };
  "/v1/gateways": {
    get: operations["Gateways_list"];
  };
  "/v1/queues": {
    get: operations["Queues_list"];
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
      /**
       * @description What it is busy with, or created by
       * @enum {string|null}
       */
      work: "check" | "convert" | "resize" | null;
      /** @description What the last check found */
      check: components["schemas"]["ImageCheck"] | null;
      /** @description Grows with every change; the ETag, and what If-Match compares */
      version: number;
      /** @description How far it is while creating or busy, from 0 to 1 */
      progress: number;
      /** Format: date-time */
      createdAt: string;
      /** Format: date-time */
      updatedAt: string;
    };
    ImageCheck: {
      /** Format: date-time */
      at: string;
      /**
       * @description leaks: frees what nothing uses; all: mends whatever can be, at the price of data
       * @enum {string|null}
       */
      repair: "leaks" | "all" | null;
      /** @description Clusters that nothing uses */
      leaks: number;
      corruptions: number;
      /** @description Places that could not be checked */
      checkErrors: number;
      /** @description Zones that contradict their data */
      zoneFaults: number;
      totalClusters: number;
      allocatedClusters: number;
      /** @description The first of those that are left */
      findings: string[];
      /** @description Null for a check without repair */
      repaired: {
        /** @description Clusters that nothing uses */
        leaks: number;
        corruptions: number;
        /** @description Places that could not be checked */
        checkErrors: number;
        /** @description Zones that contradict their data */
        zoneFaults: number;
      } | null;
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
      /** @enum {number} */
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
    CheckImage: {
      /**
       * @description Nothing is changed if left out
       * @enum {string}
       */
      repair?: "leaks" | "all";
    };
    ConvertImage: {
      name: string;
      /** @default {} */
      labels?: {
        [key: string]: string;
      };
      /** @description whole bytes, or a string such as "512M" or "1.5G" (suffixes B K M G T P E, 1024-based) */
      clusterSize?: number | string;
      /**
       * @description Of the clusters; a zoned image takes none
       * @default none
       * @enum {string}
       */
      compression?: "none" | "zlib" | "zstd";
      /**
       * @description drop: a plain disk with the bytes of a zoned one
       * @default keep
       * @enum {string}
       */
      zones?: "keep" | "drop";
      /** @description 0: no limit */
      maxOpenZones?: number;
      /** @description 0: no limit */
      maxActiveZones?: number;
      /** @description In 512-byte sectors; 0: no append */
      maxAppendSectors?: number;
    };
    ResizeImage: {
      /** @description whole bytes, or a string such as "512M" or "1.5G" (suffixes B K M G T P E, 1024-based) */
      size: number | string;
      /**
       * @description Must be true where the new size is smaller: what lies beyond is lost
       * @default false
       */
      shrink?: boolean;
    };
    ImageFaults: {
      /** @description Null: the image has none */
      plan: components["schemas"]["FaultPlan"] | null;
      /** @description Null while nobody has the image open */
      status: (({
          rule: {
            /**
             * @description The command to the disk, or the access to its file
             * @enum {string}
             */
            on: "read" | "write" | "append" | "flush" | "reset" | "open" | "close" | "finish" | "file-read" | "file-write" | "file-sync";
            zone?: number;
            zones?: {
              from: number;
              count: number;
            };
            range?: {
              offset: number;
              length: number;
            };
            /** @description Acts on the nth alone */
            nth?: number;
            /** @description Acts on every kth */
            every?: number;
            probability?: number;
            /** @description Acts once a zone was reset so often */
            resets?: number;
            spread?: number;
            /** @description At most so often */
            times?: number;
            /** @enum {string} */
            fail?: "io_error" | "no_space" | "invalid_field" | "lba_out_of_range" | "zone_boundary_error" | "zone_full" | "zone_read_only" | "zone_offline" | "zone_invalid_write" | "too_many_active_zones" | "too_many_open_zones" | "invalid_zone_operation" | "invalid_zone_transition";
            /** @description Sectors of a write that reach the file before it fails */
            torn?: number | "random";
            delayMs?: number;
            /**
             * @description What the zone is afterwards
             * @enum {string}
             */
            becomes?: "read-only" | "offline";
          };
          /** @description Operations that the rule is meant for */
          seen: number;
          /** @description Those on which it acted */
          fired: number;
        })[]) | null;
    };
    FaultPlan: {
      /** @description Of all that happens by chance; 0 if left out */
      seed?: number;
      rules: ({
          /**
           * @description The command to the disk, or the access to its file
           * @enum {string}
           */
          on: "read" | "write" | "append" | "flush" | "reset" | "open" | "close" | "finish" | "file-read" | "file-write" | "file-sync";
          zone?: number;
          zones?: {
            from: number;
            count: number;
          };
          range?: {
            offset: number;
            length: number;
          };
          /** @description Acts on the nth alone */
          nth?: number;
          /** @description Acts on every kth */
          every?: number;
          probability?: number;
          /** @description Acts once a zone was reset so often */
          resets?: number;
          spread?: number;
          /** @description At most so often */
          times?: number;
          /** @enum {string} */
          fail?: "io_error" | "no_space" | "invalid_field" | "lba_out_of_range" | "zone_boundary_error" | "zone_full" | "zone_read_only" | "zone_offline" | "zone_invalid_write" | "too_many_active_zones" | "too_many_open_zones" | "invalid_zone_operation" | "invalid_zone_transition";
          /** @description Sectors of a write that reach the file before it fails */
          torn?: number | "random";
          delayMs?: number;
          /**
           * @description What the zone is afterwards
           * @enum {string}
           */
          becomes?: "read-only" | "offline";
        })[];
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
        /** @description Names in client certificates or PSK=name of a shared key, one of which a client must have; everyone if left out */
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
        /** @description Names in client certificates or PSK=name of a shared key, one of which a client must have; everyone if left out */
        allow?: string[];
      };
      /** @enum {string} */
      status: "attaching" | "active" | "detaching" | "failed";
      /** @description nbd://host:port/name, once active */
      uri: string | null;
      error: string | null;
      /** @description What was seen of its clients, some seconds ago */
      stats: {
        /** @description Now */
        connections: number;
        readBytes: number;
        writtenBytes: number;
        /** Format: date-time */
        firstSeenAt: string | null;
        /** Format: date-time */
        lastSeenAt: string | null;
      };
      /** Format: date-time */
      createdAt: string;
      /** Format: date-time */
      updatedAt: string;
    };
    ExportPage: {
      items: components["schemas"]["Export"][];
      nextCursor: string | null;
    };
    ExportStats: {
      /**
       * Format: date-time
       * @description When the gateway read them
       */
      at: string;
      /** @description Clients connected now */
      connections: number;
      /** @description Requests not answered yet */
      inFlight: number;
      /** @description Answered */
      requests: number;
      /** @description Of them refused or failed */
      errors: number;
      readBytes: number;
      writtenBytes: number;
      /** @description Upper bounds of the buckets, in seconds */
      latencyBounds: number[];
      /** @description Of requests that succeeded, from taking one up to having its answer */
      latencies: {
        [key: string]: {
          /** @description Requests in each bucket, not cumulated */
          buckets: number[];
          /** @description Also of those slower than the last bound */
          total: number;
          sumSeconds: number;
        };
      };
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
    CreateFleet: {
      /** @description Disk 3 of fleet web is image and export web-3 */
      name: string;
      /** @description Disks */
      count: number;
      template: components["schemas"]["ImageTemplate"];
      overrides?: ({
          /** @description Its number, from 0 */
          disk: number;
          /** @description Fields in place of those of the template; with backingImageId or size, in place of all of them */
          template: {
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
            /** @enum {number} */
            logicalBlockSize?: 512 | 4096;
            /**
             * Format: uuid
             * @description The new image is an overlay of this one, and has its size and its zones
             */
            backingImageId?: string;
            /** @description whole bytes, or a string such as "512M" or "1.5G" (suffixes B K M G T P E, 1024-based) */
            clusterSize?: number | string;
          };
        })[];
      /** @default {} */
      export?: {
        /** @default false */
        readOnly?: boolean;
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
          /** @description Names in client certificates or PSK=name of a shared key, one of which a client must have; everyone if left out */
          allow?: string[];
        };
      };
      /** @default {} */
      placement?: {
        /** @description Disks go round these; else each goes to the live gateway with the fewest exports */
        gatewayIds?: string[];
      };
      /**
       * @description Of its images
       * @default {}
       */
      labels?: {
        [key: string]: string;
      };
    };
    ImageTemplate: {
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
      /** @enum {number} */
      logicalBlockSize?: 512 | 4096;
      /**
       * Format: uuid
       * @description The new image is an overlay of this one, and has its size and its zones
       */
      backingImageId?: string;
      /** @description whole bytes, or a string such as "512M" or "1.5G" (suffixes B K M G T P E, 1024-based) */
      clusterSize?: number | string;
    };
    Fleet: {
      /**
       * Format: uuid
       * @description UUID version 7
       */
      id: string;
      name: string;
      /**
       * @description degraded: some disks are not as wanted; each says why, and is tried again
       * @enum {string}
       */
      status: "changing" | "ready" | "degraded" | "deleting";
      /** @description Disks that are wanted */
      count: number;
      template: {
        /**
         * @description The rule book: ZBC-2 or NVMe ZNS
         * @enum {string}
         */
        profile?: "zbc" | "zns";
        zoneSize?: number;
        zoneCapacity?: number;
        conventionalZones?: number;
        /** @description 0: no limit */
        maxOpenZones?: number;
        /** @description 0: no limit */
        maxActiveZones?: number;
        /** @description Largest append in 512-byte sectors; 0: no append */
        maxAppendSectors?: number;
        /** @enum {number} */
        logicalBlockSize?: 512 | 4096;
        /**
         * Format: uuid
         * @description UUID version 7
         */
        backingImageId?: string;
        size?: number;
        clusterSize?: number;
      };
      overrides: ({
          disk: number;
          template: {
            /**
             * @description The rule book: ZBC-2 or NVMe ZNS
             * @enum {string}
             */
            profile?: "zbc" | "zns";
            zoneSize?: number;
            zoneCapacity?: number;
            conventionalZones?: number;
            /** @description 0: no limit */
            maxOpenZones?: number;
            /** @description 0: no limit */
            maxActiveZones?: number;
            /** @description Largest append in 512-byte sectors; 0: no append */
            maxAppendSectors?: number;
            /** @enum {number} */
            logicalBlockSize?: 512 | 4096;
            /**
             * Format: uuid
             * @description UUID version 7
             */
            backingImageId?: string;
            size?: number;
            clusterSize?: number;
          };
        })[];
      export: {
        /** @default false */
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
          /** @description Names in client certificates or PSK=name of a shared key, one of which a client must have; everyone if left out */
          allow?: string[];
        };
      };
      placement: {
        /** @description Disks go round these; else each goes to the live gateway with the fewest exports */
        gatewayIds?: string[];
      };
      labels: {
        [key: string]: string;
      };
      /** @description Grows with every change that is asked for */
      generation: number;
      /** @description Disks by how far they are, those on their way out among them */
      disks: {
        /** @description As wanted */
        settled: number;
        /** @description On their way */
        pending: number;
        /** @description Their last attempt failed */
        failed: number;
      };
      /** @description Of the change that is going on */
      progress: number;
      /** @description Seconds until the change is done, from its pace so far; null while unknown */
      etaSeconds: number | null;
      /** Format: date-time */
      createdAt: string;
      /** Format: date-time */
      updatedAt: string;
    };
    FleetPage: {
      items: components["schemas"]["Fleet"][];
      nextCursor: string | null;
    };
    UpdateFleet: {
      count: number;
    };
    FleetAttachments: {
      items: ({
          disk: number;
          name: string;
          content: string | null;
          /** @description Why it cannot be attached in this way now */
          problem: {
            code: string;
            detail: string;
          } | null;
        })[];
    };
    FleetDiskPage: {
      items: components["schemas"]["FleetDisk"][];
      nextCursor: string | null;
    };
    FleetDisk: {
      /** @description Its number, from 0 */
      disk: number;
      /** @description Of its image and its export */
      name: string;
      /** @description Grows when it is replaced */
      generation: number;
      /** @enum {string} */
      desired: "exported" | "absent";
      /**
       * @description created: its image, not its export
       * @enum {string}
       */
      actual: "absent" | "created" | "exported";
      /** @description Whether it is as wanted */
      settled: boolean;
      /** @description Why the last attempt failed */
      reason: string | null;
      /** @description That have failed since it was last as wanted */
      attempts: number;
      /**
       * Format: uuid
       * @description UUID version 7
       */
      imageId: string | null;
      /**
       * Format: uuid
       * @description UUID version 7
       */
      exportId: string | null;
      /** @enum {string|null} */
      exportStatus: "attaching" | "active" | "detaching" | "failed" | null;
      gatewayId: string | null;
      uri: string | null;
      /** @description What was seen of its clients, some seconds ago; null without an export */
      machine: ({
        /** @description Now */
        connections: number;
        readBytes: number;
        writtenBytes: number;
        /** Format: date-time */
        firstSeenAt: string | null;
        /** Format: date-time */
        lastSeenAt: string | null;
      }) | null;
      /** @description Zones by condition now; null where no gateway tells, and on a plain disk */
      zones: {
        [key: string]: number;
      } | null;
      /** Format: date-time */
      updatedAt: string;
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
      /**
       * Format: uuid
       * @description A zoned image, all of its zones empty, that carries the run out byte by byte and is verified in the end; the device has its geometry
       */
      imageId?: string;
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
        /** @description Of the device: whole zones under zns */
        size?: number | string;
        /** @description From the start of a zone to the start of the next */
        zoneSize?: number | string;
        /** @description What can be written of a zone: its size under zbc */
        zoneCapacity?: number | string;
        /** @description At the start, without a write pointer: 0 under zns */
        conventionalZones?: number;
        /** @description Open at once; 0: no limit */
        maxOpenZones?: number;
        /** @description Open and closed at once, at least maxOpenZones; 0: no limit */
        maxActiveZones?: number;
        /** @description Largest append; 0: no append */
        maxAppendBytes?: number | string;
        /**
         * @description What addresses and lengths are multiples of
         * @enum {number}
         */
        logicalBlockSize?: 512 | 4096;
      };
      timing?: {
        /**
         * @description The preset's if left out; constant: every command takes serviceTimeNs
         * @enum {string}
         */
        model?: "constant" | "flash" | "disk";
        /** @description Of every command, where the model is constant */
        serviceTimeNs?: number;
        /** @description Dies on channels, a write buffer, a command processor */
        flash?: {
          /** @description Dies, each of which does one thing at a time */
          dies?: number;
          /** @description Channels that the dies share: at most as many as dies */
          channels?: number;
          /** @description Dies over which one zone is striped; 0: all */
          diesPerZone?: number;
          /** @description What a die reads at once, and the unit of striping */
          pageBytes?: number | string;
          /** @description Of one channel */
          channelRate?: number;
          /** @description Of the link to the host, from the device */
          hostReadRate?: number;
          /** @description Of the link to the host, to the device */
          hostWriteRate?: number;
          /** @description Of the command processor, per read */
          readCommandNs?: number;
          /** @description Of the command processor, per write */
          writeCommandNs?: number;
          /** @description Of the command processor, per append */
          appendCommandNs?: number;
          /** @description Of the command processor, per command on a zone */
          manageCommandNs?: number;
          /**
           * @description Whether the command processor's times are all alike, or spread about their mean
           * @enum {string}
           */
          commandSpread?: "none" | "exponential";
          /** @description Of a read, which no other command waits for */
          readFixedNs?: number;
          /** @description Of a write, which no other command waits for */
          writeFixedNs?: number;
          /** @description Of an append, which no other command waits for */
          appendFixedNs?: number;
          /** @description Of the first write to a zone that is not open */
          implicitOpenNs?: number;
          /** @description From command to data in the page register, fast pages */
          pageReadNs?: number;
          /** @description From command to data in the page register, slow pages */
          slowPageReadNs?: number;
          /** @description One page in so many is slow; 0: none */
          slowPageEvery?: number;
          /** @description What a die programs at once */
          programBytes?: number | string;
          /** @description Of a program, once its data is in the registers */
          programNs?: number;
          /** @description A program gives way to a read after each such piece; 0: it does not */
          programSliceNs?: number;
          /** @description Data of a zone that programs wait for: a multiple of programBytes */
          flushBytes?: number | string;
          /** @description Data of the device that waits for programs or is in them; 0: no bound */
          bufferBytes?: number | string;
          /** @description The same for one zone; 0: no bound */
          zoneBufferBytes?: number | string;
          /** @description Of an explicit open */
          openNs?: number;
          /** @description Of a close */
          closeNs?: number;
          /** @description To write down the new condition of a zone, in resets and finishes */
          recordNs?: number;
          /** @description Of the command processor to reset a zone full of data; less data, less work */
          resetWorkNs?: number;
          /** @description Mean length of the pieces of that work, between which commands come */
          workSliceNs?: number;
          /** @description Of the zone's dies at a reset; 0: left to their next program */
          eraseNs?: number;
          /** @description Of a finish of an empty or full zone */
          finishNs?: number;
          /** @description Whether a finish programs the rest of its zone */
          finishPads?: boolean;
        };
        /** @description One head over turning platters, a write cache, read-ahead */
        disk?: {
          /** @description Of the platters */
          revolutionNs?: number;
          /** @description Of the media at the first byte */
          outerRate?: number;
          /** @description Of the media at the last byte; in between it changes evenly */
          innerRate?: number;
          /** @description Shortest seek: over a share s of the stroke, seekNs + strokeNs * sqrt(s) */
          seekNs?: number;
          /** @description What a seek over the whole stroke takes more */
          strokeNs?: number;
          /** @description Commands of which the shortest access goes first */
          queueDepth?: number;
          /** @description Of the drive's electronics, per command */
          commandNs?: number;
          /** @description Of the link to the host */
          interfaceRate?: number;
          /** @description Written data that waits for the media; 0: no cache */
          writeCacheBytes?: number | string;
          /** @description How far the drive reads on after a read */
          readAheadBytes?: number | string;
          /** @description For which a command on a zone occupies the head */
          manageNs?: number;
        };
      };
      /** @description Sequential zones, from the first, that are full at the start */
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
      /** @description What the report calls the phase; its kind if left out */
      name?: string;
      /** @description Of one read, write or append: a multiple of the logical block size */
      blockSize?: number | string;
      /** @description Commands in flight per job */
      queueDepth?: number;
      /** @description Writers or readers side by side */
      jobs?: number;
      /** @description All sequential zones if left out */
      zones?: {
        /** @description Index on the device; the first sequential one */
        first?: number;
        /** @description All from the first to the end if left out */
        count?: number;
      };
      /** @description End after so much: exactly one of bytes, operations and seconds */
      bytes?: number | string;
      /** @description End after so many commands: exactly one of bytes, operations and seconds */
      operations?: number;
      /** @description End after so much simulated time: exactly one of bytes, operations and seconds */
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
      /** @description What the report calls the phase; its kind if left out */
      name?: string;
      /** @description Of one read, write or append: a multiple of the logical block size */
      blockSize?: number | string;
      /** @description Commands in flight per job */
      queueDepth?: number;
      /** @description Writers or readers side by side */
      jobs?: number;
      /** @description All sequential zones if left out */
      zones?: {
        /** @description Index on the device; the first sequential one */
        first?: number;
        /** @description All from the first to the end if left out */
        count?: number;
      };
      /** @description End after so much: exactly one of bytes, operations and seconds */
      bytes?: number | string;
      /** @description End after so many commands: exactly one of bytes, operations and seconds */
      operations?: number;
      /** @description End after so much simulated time: exactly one of bytes, operations and seconds */
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
      /** @description What the report calls the phase; its kind if left out */
      name?: string;
      /** @description Of one read, write or append: a multiple of the logical block size */
      blockSize?: number | string;
      /** @description Commands in flight per job */
      queueDepth?: number;
      /** @description Writers or readers side by side */
      jobs?: number;
      /** @description All sequential zones if left out */
      zones?: {
        /** @description Index on the device; the first sequential one */
        first?: number;
        /** @description All from the first to the end if left out */
        count?: number;
      };
      /** @description End after so much: exactly one of bytes, operations and seconds */
      bytes?: number | string;
      /** @description End after so many commands: exactly one of bytes, operations and seconds */
      operations?: number;
      /** @description End after so much simulated time: exactly one of bytes, operations and seconds */
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
      /** @description What the report calls the phase; its kind if left out */
      name?: string;
      /** @description Of one read, write or append: a multiple of the logical block size */
      blockSize?: number | string;
      /** @description Commands in flight per job */
      queueDepth?: number;
      /** @description Writers or readers side by side */
      jobs?: number;
      /** @description All sequential zones if left out */
      zones?: {
        /** @description Index on the device; the first sequential one */
        first?: number;
        /** @description All from the first to the end if left out */
        count?: number;
      };
      /** @description End after so much: exactly one of bytes, operations and seconds */
      bytes?: number | string;
      /** @description End after so many commands: exactly one of bytes, operations and seconds */
      operations?: number;
      /** @description End after so much simulated time: exactly one of bytes, operations and seconds */
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
      /** @description How zones, streams or blocks are drawn, the first most often; uniform if left out */
      distribution?: OneOf<[{
        /** @enum {string} */
        kind: "uniform";
      }, {
        /** @enum {string} */
        kind: "zipf";
        /** @description The k-th is drawn in proportion to 1 / k^theta; 0.99 if left out */
        theta?: number;
      }, {
        /** @enum {string} */
        kind: "hot-cold";
        /** @description Share that is hot; 0.2 if left out */
        hot?: number;
        /** @description Share of the draws that hit it; 0.8 if left out */
        access?: number;
      }, {
        /** @enum {string} */
        kind: "pareto";
        /** @description The share h gets 1 - h of the draws, and so on in it; 0.2 if left out */
        h?: number;
      }]>;
    }) | ({
      /** @enum {string} */
      kind: "random-read-below-wp";
      /** @description What the report calls the phase; its kind if left out */
      name?: string;
      /** @description Of one read, write or append: a multiple of the logical block size */
      blockSize?: number | string;
      /** @description Commands in flight per job */
      queueDepth?: number;
      /** @description Writers or readers side by side */
      jobs?: number;
      /** @description All sequential zones if left out */
      zones?: {
        /** @description Index on the device; the first sequential one */
        first?: number;
        /** @description All from the first to the end if left out */
        count?: number;
      };
      /** @description End after so much: exactly one of bytes, operations and seconds */
      bytes?: number | string;
      /** @description End after so many commands: exactly one of bytes, operations and seconds */
      operations?: number;
      /** @description End after so much simulated time: exactly one of bytes, operations and seconds */
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
      /** @description How zones, streams or blocks are drawn, the first most often; uniform if left out */
      distribution?: OneOf<[{
        /** @enum {string} */
        kind: "uniform";
      }, {
        /** @enum {string} */
        kind: "zipf";
        /** @description The k-th is drawn in proportion to 1 / k^theta; 0.99 if left out */
        theta?: number;
      }, {
        /** @enum {string} */
        kind: "hot-cold";
        /** @description Share that is hot; 0.2 if left out */
        hot?: number;
        /** @description Share of the draws that hit it; 0.8 if left out */
        access?: number;
      }, {
        /** @enum {string} */
        kind: "pareto";
        /** @description The share h gets 1 - h of the draws, and so on in it; 0.2 if left out */
        h?: number;
      }]>;
    }) | ({
      /** @enum {string} */
      kind: "mixed";
      /** @description What the report calls the phase; its kind if left out */
      name?: string;
      /** @description Of one read, write or append: a multiple of the logical block size */
      blockSize?: number | string;
      /** @description Commands in flight per job */
      queueDepth?: number;
      /** @description Writers or readers side by side */
      jobs?: number;
      /** @description All sequential zones if left out */
      zones?: {
        /** @description Index on the device; the first sequential one */
        first?: number;
        /** @description All from the first to the end if left out */
        count?: number;
      };
      /** @description End after so much: exactly one of bytes, operations and seconds */
      bytes?: number | string;
      /** @description End after so many commands: exactly one of bytes, operations and seconds */
      operations?: number;
      /** @description End after so much simulated time: exactly one of bytes, operations and seconds */
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
      /** @description Share of the commands that read */
      readShare: number;
    }) | ({
      /** @enum {string} */
      kind: "reset-churn";
      /** @description What the report calls the phase; its kind if left out */
      name?: string;
      /** @description Of one read, write or append: a multiple of the logical block size */
      blockSize?: number | string;
      /** @description Commands in flight per job */
      queueDepth?: number;
      /** @description Writers or readers side by side */
      jobs?: number;
      /** @description All sequential zones if left out */
      zones?: {
        /** @description Index on the device; the first sequential one */
        first?: number;
        /** @description All from the first to the end if left out */
        count?: number;
      };
      /** @description End after so much: exactly one of bytes, operations and seconds */
      bytes?: number | string;
      /** @description End after so many commands: exactly one of bytes, operations and seconds */
      operations?: number;
      /** @description End after so much simulated time: exactly one of bytes, operations and seconds */
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
      /** @description What the report calls the phase; its kind if left out */
      name?: string;
      /** @description Of one read, write or append: a multiple of the logical block size */
      blockSize?: number | string;
      /** @description Commands in flight per job */
      queueDepth?: number;
      /** @description Writers or readers side by side */
      jobs?: number;
      /** @description All sequential zones if left out */
      zones?: {
        /** @description Index on the device; the first sequential one */
        first?: number;
        /** @description All from the first to the end if left out */
        count?: number;
      };
      /** @description End after so much: exactly one of bytes, operations and seconds */
      bytes?: number | string;
      /** @description End after so many commands: exactly one of bytes, operations and seconds */
      operations?: number;
      /** @description End after so much simulated time: exactly one of bytes, operations and seconds */
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
      /** @description What the report calls the phase; its kind if left out */
      name?: string;
      /** @description Of one read, write or append: a multiple of the logical block size */
      blockSize?: number | string;
      /** @description Commands in flight per job */
      queueDepth?: number;
      /** @description Writers or readers side by side */
      jobs?: number;
      /** @description All sequential zones if left out */
      zones?: {
        /** @description Index on the device; the first sequential one */
        first?: number;
        /** @description All from the first to the end if left out */
        count?: number;
      };
      /** @description End after so much: exactly one of bytes, operations and seconds */
      bytes?: number | string;
      /** @description End after so many commands: exactly one of bytes, operations and seconds */
      operations?: number;
      /** @description End after so much simulated time: exactly one of bytes, operations and seconds */
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
      /** @description What the report calls the phase; its kind if left out */
      name?: string;
      /** @description Of one read, write or append: a multiple of the logical block size */
      blockSize?: number | string;
      /** @description Commands in flight per job */
      queueDepth?: number;
      /** @description Writers or readers side by side */
      jobs?: number;
      /** @description All sequential zones if left out */
      zones?: {
        /** @description Index on the device; the first sequential one */
        first?: number;
        /** @description All from the first to the end if left out */
        count?: number;
      };
      /** @description End after so much: exactly one of bytes, operations and seconds */
      bytes?: number | string;
      /** @description End after so many commands: exactly one of bytes, operations and seconds */
      operations?: number;
      /** @description End after so much simulated time: exactly one of bytes, operations and seconds */
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
      /** @description What the report calls the phase; its kind if left out */
      name?: string;
      /** @description Of one read, write or append: a multiple of the logical block size */
      blockSize?: number | string;
      /** @description Commands in flight per job */
      queueDepth?: number;
      /** @description Writers or readers side by side */
      jobs?: number;
      /** @description All sequential zones if left out */
      zones?: {
        /** @description Index on the device; the first sequential one */
        first?: number;
        /** @description All from the first to the end if left out */
        count?: number;
      };
      /** @description End after so much: exactly one of bytes, operations and seconds */
      bytes?: number | string;
      /** @description End after so many commands: exactly one of bytes, operations and seconds */
      operations?: number;
      /** @description End after so much simulated time: exactly one of bytes, operations and seconds */
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
      /** @description Each with a zone of its own */
      streams?: number;
      /** @description How zones, streams or blocks are drawn, the first most often; uniform if left out */
      distribution?: OneOf<[{
        /** @enum {string} */
        kind: "uniform";
      }, {
        /** @enum {string} */
        kind: "zipf";
        /** @description The k-th is drawn in proportion to 1 / k^theta; 0.99 if left out */
        theta?: number;
      }, {
        /** @enum {string} */
        kind: "hot-cold";
        /** @description Share that is hot; 0.2 if left out */
        hot?: number;
        /** @description Share of the draws that hit it; 0.8 if left out */
        access?: number;
      }, {
        /** @enum {string} */
        kind: "pareto";
        /** @description The share h gets 1 - h of the draws, and so on in it; 0.2 if left out */
        h?: number;
      }]>;
    }) | ({
      /** @enum {string} */
      kind: "idle";
      /** @description What the report calls the phase; its kind if left out */
      name?: string;
      /** @description Of one read, write or append: a multiple of the logical block size */
      blockSize?: number | string;
      /** @description Commands in flight per job */
      queueDepth?: number;
      /** @description Writers or readers side by side */
      jobs?: number;
      /** @description All sequential zones if left out */
      zones?: {
        /** @description Index on the device; the first sequential one */
        first?: number;
        /** @description All from the first to the end if left out */
        count?: number;
      };
      /** @description End after so much: exactly one of bytes, operations and seconds */
      bytes?: number | string;
      /** @description End after so many commands: exactly one of bytes, operations and seconds */
      operations?: number;
      /** @description End after so much simulated time: exactly one of bytes, operations and seconds */
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
      /** @description What the report calls the phase; its kind if left out */
      name?: string;
      /** @description Of one read, write or append: a multiple of the logical block size */
      blockSize?: number | string;
      /** @description Commands in flight per job */
      queueDepth?: number;
      /** @description Writers or readers side by side */
      jobs?: number;
      /** @description All sequential zones if left out */
      zones?: {
        /** @description Index on the device; the first sequential one */
        first?: number;
        /** @description All from the first to the end if left out */
        count?: number;
      };
      /** @description End after so much: exactly one of bytes, operations and seconds */
      bytes?: number | string;
      /** @description End after so many commands: exactly one of bytes, operations and seconds */
      operations?: number;
      /** @description End after so much simulated time: exactly one of bytes, operations and seconds */
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
      /** @description How zones, streams or blocks are drawn, the first most often; uniform if left out */
      distribution?: OneOf<[{
        /** @enum {string} */
        kind: "uniform";
      }, {
        /** @enum {string} */
        kind: "zipf";
        /** @description The k-th is drawn in proportion to 1 / k^theta; 0.99 if left out */
        theta?: number;
      }, {
        /** @enum {string} */
        kind: "hot-cold";
        /** @description Share that is hot; 0.2 if left out */
        hot?: number;
        /** @description Share of the draws that hit it; 0.8 if left out */
        access?: number;
      }, {
        /** @enum {string} */
        kind: "pareto";
        /** @description The share h gets 1 - h of the draws, and so on in it; 0.2 if left out */
        h?: number;
      }]>;
      /** @description Share of the commands that read */
      readShare?: number;
      /** @description Whether the space is written once before blocks are drawn; true if left out */
      fillFirst?: boolean;
    }) | ({
      /** @enum {string} */
      kind: "rocksdb-zenfs" | "f2fs" | "btrfs" | "smr-streams";
      /** @description What the report calls the phase; its kind if left out */
      name?: string;
      /** @description Of one read, write or append: a multiple of the logical block size */
      blockSize?: number | string;
      /** @description Commands in flight per job */
      queueDepth?: number;
      /** @description Writers or readers side by side */
      jobs?: number;
      /** @description All sequential zones if left out */
      zones?: {
        /** @description Index on the device; the first sequential one */
        first?: number;
        /** @description All from the first to the end if left out */
        count?: number;
      };
      /** @description End after so much: exactly one of bytes, operations and seconds */
      bytes?: number | string;
      /** @description End after so many commands: exactly one of bytes, operations and seconds */
      operations?: number;
      /** @description End after so much simulated time: exactly one of bytes, operations and seconds */
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
      /** @description What the report calls the phase; its kind if left out */
      name?: string;
      /** @description Of one read, write or append: a multiple of the logical block size */
      blockSize?: number | string;
      /** @description Commands in flight per job */
      queueDepth?: number;
      /** @description Writers or readers side by side */
      jobs?: number;
      /** @description All sequential zones if left out */
      zones?: {
        /** @description Index on the device; the first sequential one */
        first?: number;
        /** @description All from the first to the end if left out */
        count?: number;
      };
      /** @description End after so much: exactly one of bytes, operations and seconds */
      bytes?: number | string;
      /** @description End after so many commands: exactly one of bytes, operations and seconds */
      operations?: number;
      /** @description End after so much simulated time: exactly one of bytes, operations and seconds */
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
      /**
       * @description What the lines of the trace are
       * @enum {string}
       */
      format: "fio-iolog" | "blkparse" | "msr" | "alibaba" | "tencent" | "systor17";
      /** @description Its name under /v1/traces; for the command line, a file beside the definition */
      trace: string;
      /** @description SHA-256 that the trace must have; over REST, that of the trace if left out */
      sha256?: string;
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
       * @description The image that carries it out
       */
      imageId: string | null;
      /** @description Bytes of the image that were read back and agreed; null without one */
      verifiedBytes: number | null;
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
      /** @description Of `device`, as JSON Schema (draft 2020-12), with the defaults of this preset; numbers have a `unit` */
      parameters: {
        [key: string]: unknown;
      };
    };
    WorkloadPage: {
      items: components["schemas"]["WorkloadInfo"][];
      /** @enum {string|null} */
      nextCursor: null;
    };
    WorkloadInfo: {
      kind: string;
      description: string;
      /** @description Of a phase of this kind, as JSON Schema (draft 2020-12); numbers have a `unit` */
      parameters: {
        [key: string]: unknown;
      };
    };
    Trace: {
      /**
       * Format: uuid
       * @description UUID version 7
       */
      id: string;
      name: string;
      /**
       * @description What the lines of the trace are
       * @enum {string}
       */
      format: "fio-iolog" | "blkparse" | "msr" | "alibaba" | "tencent" | "systor17";
      /** @description Bytes of the file, compressed or not, as it was uploaded */
      size: number;
      /** @description SHA-256 of the file as it was uploaded */
      sha256: string;
      /** Format: date-time */
      createdAt: string;
    };
    TracePage: {
      items: components["schemas"]["Trace"][];
      nextCursor: string | null;
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
    QueuePage: {
      items: components["schemas"]["Queue"][];
      /** @enum {string|null} */
      nextCursor: null;
    };
    Queue: {
      /** @description experiments, fleets, pool.<name>, or gateway.<id> */
      name: string;
      /** @description Jobs that a worker could take */
      waiting: number;
      /** @description Jobs that are tried again later */
      delayed: number;
      /** @description Jobs being worked on */
      active: number;
      /** @description Jobs that failed, as far as they are kept */
      failed: number;
      workers: {
          /** @description Of its connection to Redis */
          address: string;
          connectedSeconds: number;
          /** @description Since it last spoke to Redis */
          idleSeconds: number;
        }[];
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
      quota?: components["schemas"]["Quota"];
    };
    Quota: {
      /** @description Images that the key made */
      images?: number;
      /** @description Their sizes together, written or not */
      bytes?: number;
      /** @description Exports that the key made */
      exports?: number;
      requestsPerMinute?: number;
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
      quota: components["schemas"]["Quota"];
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
      quota: components["schemas"]["Quota"];
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
  Work_check: {
    parameters: {
      path: {
        /** @description UUID version 7 */
        id: string;
      };
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["CheckImage"];
      };
    };
    responses: {
      202: {
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
  Work_convert: {
    parameters: {
      path: {
        /** @description UUID version 7 */
        id: string;
      };
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["ConvertImage"];
      };
    };
    responses: {
      202: {
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
  Work_resize: {
    parameters: {
      path: {
        /** @description UUID version 7 */
        id: string;
      };
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["ResizeImage"];
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
  Faults_get: {
    parameters: {
      path: {
        /** @description UUID version 7 */
        id: string;
      };
    };
    responses: {
      200: {
        content: {
          "application/json": components["schemas"]["ImageFaults"];
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
  Faults_set: {
    parameters: {
      path: {
        /** @description UUID version 7 */
        id: string;
      };
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["FaultPlan"];
      };
    };
    responses: {
      200: {
        content: {
          "application/json": components["schemas"]["ImageFaults"];
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
  Faults_clear: {
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
  Zones_follow: {
    parameters: {
      path: {
        /** @description UUID version 7 */
        id: string;
      };
    };
    responses: {
      /** @description A stream: `reset` when all zones are to be read again, at its start too; `zones` with those that changed, as items */
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
  Exports_stats: {
    parameters: {
      path: {
        /** @description UUID version 7 */
        id: string;
      };
    };
    responses: {
      200: {
        content: {
          "application/json": components["schemas"]["ExportStats"];
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
  Fleets_list: {
    parameters: {
      query?: {
        limit?: number;
        /** @description nextCursor of the page before */
        cursor?: string;
        name?: string;
      };
    };
    responses: {
      200: {
        content: {
          "application/json": components["schemas"]["FleetPage"];
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
  Fleets_create: {
    requestBody: {
      content: {
        "application/json": components["schemas"]["CreateFleet"];
      };
    };
    responses: {
      202: {
        content: {
          "application/json": components["schemas"]["Fleet"];
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
  Fleets_get: {
    parameters: {
      path: {
        /** @description UUID version 7 */
        id: string;
      };
    };
    responses: {
      200: {
        content: {
          "application/json": components["schemas"]["Fleet"];
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
  Fleets_delete: {
    parameters: {
      path: {
        /** @description UUID version 7 */
        id: string;
      };
    };
    responses: {
      202: {
        content: {
          "application/json": components["schemas"]["Fleet"];
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
  Fleets_update: {
    parameters: {
      path: {
        /** @description UUID version 7 */
        id: string;
      };
    };
    requestBody: {
      content: {
        "application/json": components["schemas"]["UpdateFleet"];
      };
    };
    responses: {
      202: {
        content: {
          "application/json": components["schemas"]["Fleet"];
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
  Fleets_attachments: {
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
          "application/json": components["schemas"]["FleetAttachments"];
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
  Fleets_disks: {
    parameters: {
      query?: {
        limit?: number;
        /** @description nextCursor of the page before */
        cursor?: number;
      };
      path: {
        /** @description UUID version 7 */
        id: string;
      };
    };
    responses: {
      200: {
        content: {
          "application/json": components["schemas"]["FleetDiskPage"];
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
  Fleets_replace: {
    parameters: {
      path: {
        /** @description UUID version 7 */
        id: string;
        disk: number;
      };
    };
    responses: {
      202: {
        content: {
          "application/json": components["schemas"]["Fleet"];
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
  Fleets_attachment: {
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
        disk: number;
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
  Experiments_delete: {
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
  Sweeps_delete: {
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
  Traces_list: {
    parameters: {
      query?: {
        limit?: number;
        /** @description nextCursor of the page before */
        cursor?: string;
        name?: string;
      };
    };
    responses: {
      200: {
        content: {
          "application/json": components["schemas"]["TracePage"];
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
  Traces_upload: {
    parameters: {
      query: {
        /** @description What experiments call it */
        name: string;
        /** @description What the lines of the trace are */
        format: "fio-iolog" | "blkparse" | "msr" | "alibaba" | "tencent" | "systor17";
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
          "application/json": components["schemas"]["Trace"];
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
  Traces_get: {
    parameters: {
      path: {
        /** @description UUID version 7 */
        id: string;
      };
    };
    responses: {
      200: {
        content: {
          "application/json": components["schemas"]["Trace"];
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
  Traces_delete: {
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
  Queues_list: {
    responses: {
      200: {
        content: {
          "application/json": components["schemas"]["QueuePage"];
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
        resource?: "image" | "export" | "experiment" | "fleet";
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
