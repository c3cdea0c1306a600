-- AlterTable
ALTER TABLE "experiments" ADD COLUMN     "image_id" UUID,
ADD COLUMN     "image_lease" BIGINT,
ADD COLUMN     "verified_bytes" BIGINT;
