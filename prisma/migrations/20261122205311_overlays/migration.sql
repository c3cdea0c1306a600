-- AlterTable
ALTER TABLE "images" ADD COLUMN     "backing_image_id" UUID;

-- CreateIndex
CREATE INDEX "images_backing_image_id_idx" ON "images"("backing_image_id");

-- AddForeignKey
ALTER TABLE "images" ADD CONSTRAINT "images_backing_image_id_fkey" FOREIGN KEY ("backing_image_id") REFERENCES "images"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
