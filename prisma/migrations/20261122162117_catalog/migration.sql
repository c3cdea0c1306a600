-- CreateEnum
CREATE TYPE "image_status" AS ENUM ('creating', 'ready', 'failed', 'deleting');

-- CreateEnum
CREATE TYPE "profile" AS ENUM ('zbc', 'zns');

-- CreateEnum
CREATE TYPE "export_status" AS ENUM ('attaching', 'active', 'detaching', 'failed');

-- CreateEnum
CREATE TYPE "experiment_status" AS ENUM ('queued', 'running', 'succeeded', 'failed', 'cancelled');

-- CreateEnum
CREATE TYPE "role" AS ENUM ('admin', 'operator', 'viewer');

-- CreateTable
CREATE TABLE "images" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "status" "image_status" NOT NULL DEFAULT 'creating',
    "pool" TEXT NOT NULL,
    "size" BIGINT NOT NULL,
    "cluster_size" INTEGER NOT NULL,
    "logical_block_size" INTEGER NOT NULL,
    "profile" "profile",
    "zone_size" BIGINT,
    "zone_capacity" BIGINT,
    "zone_count" INTEGER,
    "conventional_zones" INTEGER,
    "max_open_zones" BIGINT,
    "max_active_zones" BIGINT,
    "max_append_bytes" BIGINT,
    "labels" JSONB NOT NULL DEFAULT '{}',
    "error" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "images_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "gateways" (
    "id" TEXT NOT NULL,
    "host" TEXT NOT NULL,
    "port" INTEGER,
    "unix_socket" TEXT,
    "pools" TEXT[],
    "heartbeat_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "gateways_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "exports" (
    "id" UUID NOT NULL,
    "image_id" UUID NOT NULL,
    "gateway_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "read_only" BOOLEAN NOT NULL,
    "writable_image_id" UUID,
    "options" JSONB NOT NULL,
    "status" "export_status" NOT NULL DEFAULT 'attaching',
    "uri" TEXT,
    "error" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "exports_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "experiments" (
    "id" UUID NOT NULL,
    "name" TEXT,
    "status" "experiment_status" NOT NULL DEFAULT 'queued',
    "progress" DOUBLE PRECISION NOT NULL DEFAULT 0,
    "definition" JSON NOT NULL,
    "report" JSON,
    "error" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "experiments_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "api_keys" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "role" "role" NOT NULL,
    "hash" BYTEA NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "api_keys_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "images_name_key" ON "images"("name");

-- CreateIndex
CREATE UNIQUE INDEX "exports_writable_image_id_key" ON "exports"("writable_image_id");

-- CreateIndex
CREATE INDEX "exports_image_id_idx" ON "exports"("image_id");

-- CreateIndex
CREATE UNIQUE INDEX "exports_gateway_id_name_key" ON "exports"("gateway_id", "name");

-- CreateIndex
CREATE INDEX "experiments_status_idx" ON "experiments"("status");

-- CreateIndex
CREATE UNIQUE INDEX "api_keys_hash_key" ON "api_keys"("hash");

-- AddForeignKey
ALTER TABLE "exports" ADD CONSTRAINT "exports_image_id_fkey" FOREIGN KEY ("image_id") REFERENCES "images"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "exports" ADD CONSTRAINT "exports_gateway_id_fkey" FOREIGN KEY ("gateway_id") REFERENCES "gateways"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
