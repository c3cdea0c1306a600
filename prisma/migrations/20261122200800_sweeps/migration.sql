-- AlterTable
ALTER TABLE "experiments" ADD COLUMN     "duration_ns" DOUBLE PRECISION,
ADD COLUMN     "iops" DOUBLE PRECISION,
ADD COLUMN     "p99_latency_ns" DOUBLE PRECISION,
ADD COLUMN     "priority" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "read_bytes_per_second" DOUBLE PRECISION,
ADD COLUMN     "sweep_id" UUID,
ADD COLUMN     "sweep_index" INTEGER,
ADD COLUMN     "sweep_label" TEXT,
ADD COLUMN     "sweep_values" JSON,
ADD COLUMN     "timeout_seconds" INTEGER,
ADD COLUMN     "write_amplification" DOUBLE PRECISION,
ADD COLUMN     "written_bytes_per_second" DOUBLE PRECISION;

-- CreateTable
CREATE TABLE "sweeps" (
    "id" UUID NOT NULL,
    "name" TEXT,
    "definition" JSON NOT NULL,
    "comparison" JSON,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "sweeps_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "sweeps_finished_at_idx" ON "sweeps"("finished_at");

-- CreateIndex
CREATE UNIQUE INDEX "experiments_sweep_id_sweep_index_key" ON "experiments"("sweep_id", "sweep_index");

-- AddForeignKey
ALTER TABLE "experiments" ADD CONSTRAINT "experiments_sweep_id_fkey" FOREIGN KEY ("sweep_id") REFERENCES "sweeps"("id") ON DELETE CASCADE ON UPDATE CASCADE;
