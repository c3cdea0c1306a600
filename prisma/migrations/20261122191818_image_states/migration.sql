-- AlterEnum
ALTER TYPE "image_status" ADD VALUE 'busy';

-- AlterTable
ALTER TABLE "images" ADD COLUMN     "progress" DOUBLE PRECISION NOT NULL DEFAULT 1,
ADD COLUMN     "version" INTEGER NOT NULL DEFAULT 1;

-- CreateIndex
CREATE INDEX "images_labels_idx" ON "images" USING GIN ("labels" jsonb_path_ops);

-- CreateIndex
CREATE INDEX "images_status_id_idx" ON "images"("status", "id");

-- Which status follows which is held here, whoever writes the row; and the version tells one state of it from the next.
CREATE FUNCTION "guard_image"() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.status <> NEW.status AND (OLD.status::TEXT, NEW.status::TEXT) NOT IN (
    ('creating', 'ready'), ('creating', 'failed'), ('creating', 'deleting'),
    ('ready', 'busy'), ('ready', 'failed'), ('ready', 'deleting'),
    ('busy', 'ready'), ('busy', 'failed'),
    ('failed', 'ready'), ('failed', 'busy'), ('failed', 'deleting')
  ) THEN
    RAISE EXCEPTION 'image %: status % does not become %', OLD.id, OLD.status, NEW.status USING ERRCODE = 'check_violation';
  END IF;
  IF (OLD.name, OLD.labels, OLD.status, OLD.size) IS DISTINCT FROM (NEW.name, NEW.labels, NEW.status, NEW.size) THEN
    NEW.version := OLD.version + 1;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER "image_guard" BEFORE UPDATE ON "images" FOR EACH ROW EXECUTE FUNCTION "guard_image"();
