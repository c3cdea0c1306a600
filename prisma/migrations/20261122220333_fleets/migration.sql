-- CreateEnum
CREATE TYPE "fleet_status" AS ENUM ('changing', 'ready', 'degraded', 'deleting');

-- CreateEnum
CREATE TYPE "disk_desire" AS ENUM ('exported', 'absent');

-- AlterTable
ALTER TABLE "exports" ADD COLUMN     "connections" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "first_seen_at" TIMESTAMPTZ(3),
ADD COLUMN     "last_seen_at" TIMESTAMPTZ(3),
ADD COLUMN     "read_bytes" BIGINT NOT NULL DEFAULT 0,
ADD COLUMN     "written_bytes" BIGINT NOT NULL DEFAULT 0;

-- CreateTable
CREATE TABLE "fleets" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "status" "fleet_status" NOT NULL DEFAULT 'changing',
    "count" INTEGER NOT NULL,
    "template" JSONB NOT NULL,
    "overrides" JSONB NOT NULL,
    "export" JSONB NOT NULL,
    "placement" JSONB NOT NULL,
    "labels" JSONB NOT NULL,
    "generation" INTEGER NOT NULL DEFAULT 1,
    "changed_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "change_disks" INTEGER NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "fleets_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "fleet_disks" (
    "fleet_id" UUID NOT NULL,
    "number" INTEGER NOT NULL,
    "desired" "disk_desire" NOT NULL DEFAULT 'exported',
    "generation" INTEGER NOT NULL DEFAULT 1,
    "made_generation" INTEGER,
    "image_id" UUID,
    "export_id" UUID,
    "reason" TEXT,
    "attempts" INTEGER NOT NULL DEFAULT 0,
    "claimed_by" TEXT,
    "claimed_until" TIMESTAMPTZ(3),
    "updated_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "fleet_disks_pkey" PRIMARY KEY ("fleet_id","number")
);

-- CreateIndex
CREATE UNIQUE INDEX "fleets_name_key" ON "fleets"("name");

-- CreateIndex
CREATE INDEX "fleets_status_idx" ON "fleets"("status");

-- CreateIndex
CREATE UNIQUE INDEX "fleet_disks_image_id_key" ON "fleet_disks"("image_id");

-- CreateIndex
CREATE UNIQUE INDEX "fleet_disks_export_id_key" ON "fleet_disks"("export_id");

-- AddForeignKey
ALTER TABLE "fleet_disks" ADD CONSTRAINT "fleet_disks_fleet_id_fkey" FOREIGN KEY ("fleet_id") REFERENCES "fleets"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "fleet_disks" ADD CONSTRAINT "fleet_disks_image_id_fkey" FOREIGN KEY ("image_id") REFERENCES "images"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "fleet_disks" ADD CONSTRAINT "fleet_disks_export_id_fkey" FOREIGN KEY ("export_id") REFERENCES "exports"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- Events come from triggers, as for images, exports and experiments.
CREATE FUNCTION "note_fleet_event"() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    PERFORM note_event('fleet.deleted', 'fleet', OLD.id, jsonb_build_object('name', OLD.name));
  ELSIF TG_OP = 'INSERT' OR OLD.status <> NEW.status OR OLD.generation <> NEW.generation THEN
    PERFORM note_event('fleet.' || NEW.status, 'fleet', NEW.id,
      jsonb_build_object('name', NEW.name, 'count', NEW.count, 'generation', NEW.generation));
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER "fleet_event" AFTER INSERT OR UPDATE OR DELETE ON "fleets" FOR EACH ROW EXECUTE FUNCTION "note_fleet_event"();

CREATE FUNCTION "note_fleet_disk_event"() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    PERFORM note_event('fleet.disk', 'fleet', OLD.fleet_id, jsonb_build_object('disk', OLD.number, 'actual', 'absent'));
  ELSIF (OLD.image_id, OLD.export_id, OLD.reason) IS DISTINCT FROM (NEW.image_id, NEW.export_id, NEW.reason) THEN
    PERFORM note_event('fleet.disk', 'fleet', NEW.fleet_id, jsonb_strip_nulls(jsonb_build_object(
      'disk', NEW.number,
      'actual', CASE WHEN NEW.image_id IS NULL THEN 'absent' WHEN NEW.export_id IS NULL THEN 'created' ELSE 'exported' END,
      'reason', NEW.reason)));
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER "fleet_disk_event" AFTER UPDATE OR DELETE ON "fleet_disks" FOR EACH ROW EXECUTE FUNCTION "note_fleet_disk_event"();
