-- CreateTable
CREATE TABLE "leases" (
    "image_id" UUID NOT NULL,
    "owner" TEXT NOT NULL,
    "token" BIGINT NOT NULL,
    "expires_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "leases_pkey" PRIMARY KEY ("image_id")
);

-- AddForeignKey
ALTER TABLE "leases" ADD CONSTRAINT "leases_image_id_fkey" FOREIGN KEY ("image_id") REFERENCES "images"("id") ON DELETE CASCADE ON UPDATE CASCADE;
