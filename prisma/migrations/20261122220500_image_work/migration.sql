-- Work on images that workers do, fault plans, tries of failed exports, and quotas of keys.
ALTER TABLE "images" ADD COLUMN     "work" JSONB,
ADD COLUMN     "check_report" JSONB,
ADD COLUMN     "faults" JSONB,
ADD COLUMN     "owner_key_id" UUID;

ALTER TABLE "exports" ADD COLUMN     "attempts" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "retry_at" TIMESTAMPTZ(3),
ADD COLUMN     "owner_key_id" UUID;

ALTER TABLE "api_keys" ADD COLUMN     "max_images" INTEGER,
ADD COLUMN     "max_bytes" BIGINT,
ADD COLUMN     "max_exports" INTEGER,
ADD COLUMN     "max_requests_per_minute" INTEGER;

CREATE INDEX "images_owner_key_id_idx" ON "images"("owner_key_id");

CREATE INDEX "exports_owner_key_id_idx" ON "exports"("owner_key_id");

ALTER TABLE "images" ADD CONSTRAINT "images_owner_key_id_fkey" FOREIGN KEY ("owner_key_id") REFERENCES "api_keys"("id") ON DELETE SET NULL ON UPDATE CASCADE;

ALTER TABLE "exports" ADD CONSTRAINT "exports_owner_key_id_fkey" FOREIGN KEY ("owner_key_id") REFERENCES "api_keys"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- Progress and failure are told as well.
CREATE OR REPLACE FUNCTION "note_image_event"() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    PERFORM note_event('image.deleted', 'image', OLD.id, jsonb_build_object('name', OLD.name));
  ELSIF OLD.status <> NEW.status AND NEW.status IN ('ready', 'busy', 'failed') THEN
    PERFORM note_event('image.' || NEW.status, 'image', NEW.id,
      jsonb_strip_nulls(jsonb_build_object('name', NEW.name, 'error', NEW.error)));
  ELSIF OLD.name <> NEW.name OR OLD.labels <> NEW.labels THEN
    PERFORM note_event('image.updated', 'image', NEW.id, jsonb_build_object('name', NEW.name));
  ELSIF OLD.progress <> NEW.progress THEN
    PERFORM note_event('image.progress', 'image', NEW.id, jsonb_build_object('progress', NEW.progress));
  END IF;
  RETURN NULL;
END $$;
