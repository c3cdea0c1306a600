-- AlterTable
ALTER TABLE "api_keys" ADD COLUMN     "expires_at" TIMESTAMPTZ(3),
ADD COLUMN     "last_used_at" TIMESTAMPTZ(3),
ADD COLUMN     "revoked_at" TIMESTAMPTZ(3);

-- CreateTable
CREATE TABLE "remembered_posts" (
    "key_id" UUID NOT NULL,
    "token" TEXT NOT NULL,
    "request_hash" BYTEA NOT NULL,
    "status" INTEGER,
    "answer" BYTEA,
    "created_at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "remembered_posts_pkey" PRIMARY KEY ("key_id","token")
);

-- CreateTable
CREATE TABLE "audit" (
    "id" UUID NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "key_id" UUID NOT NULL,
    "key_name" TEXT NOT NULL,
    "role" "role" NOT NULL,
    "method" TEXT NOT NULL,
    "path" TEXT NOT NULL,
    "status" INTEGER NOT NULL,
    "code" TEXT,

    CONSTRAINT "audit_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "events" (
    "id" BIGSERIAL NOT NULL,
    "transaction" xid8 NOT NULL DEFAULT pg_current_xact_id(),
    "at" TIMESTAMPTZ(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
    "type" TEXT NOT NULL,
    "resource" TEXT NOT NULL,
    "resource_id" TEXT NOT NULL,
    "data" JSONB NOT NULL DEFAULT '{}',

    CONSTRAINT "events_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "remembered_posts_created_at_idx" ON "remembered_posts"("created_at");

-- CreateIndex
CREATE INDEX "audit_key_id_id_idx" ON "audit"("key_id", "id");

-- CreateIndex
CREATE INDEX "events_transaction_id_idx" ON "events"("transaction", "id");

-- CreateIndex
CREATE INDEX "events_at_idx" ON "events"("at");

-- AddForeignKey
ALTER TABLE "remembered_posts" ADD CONSTRAINT "remembered_posts_key_id_fkey" FOREIGN KEY ("key_id") REFERENCES "api_keys"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Events come from triggers, so that whoever changes a row, and however, the event is there with the change.
CREATE FUNCTION "note_event"(kind TEXT, resource TEXT, resource_id UUID, data JSONB DEFAULT '{}') RETURNS VOID
LANGUAGE sql AS $$
  INSERT INTO "events" ("type", "resource", "resource_id", "data") VALUES (kind, resource, resource_id::TEXT, data);
$$;

CREATE FUNCTION "note_image_event"() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    PERFORM note_event('image.deleted', 'image', OLD.id, jsonb_build_object('name', OLD.name));
  ELSIF OLD.status <> NEW.status AND NEW.status = 'ready' THEN
    PERFORM note_event('image.ready', 'image', NEW.id, jsonb_build_object('name', NEW.name));
  ELSIF OLD.name <> NEW.name OR OLD.labels <> NEW.labels THEN
    PERFORM note_event('image.updated', 'image', NEW.id, jsonb_build_object('name', NEW.name));
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER "image_event" AFTER UPDATE OR DELETE ON "images" FOR EACH ROW EXECUTE FUNCTION "note_image_event"();

CREATE FUNCTION "note_export_event"() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'DELETE' THEN
    PERFORM note_event('export.deleted', 'export', OLD.id, jsonb_build_object('imageId', OLD.image_id));
  ELSIF OLD.status <> NEW.status AND NEW.status IN ('active', 'failed') THEN
    PERFORM note_event('export.' || NEW.status, 'export', NEW.id,
      jsonb_strip_nulls(jsonb_build_object('imageId', NEW.image_id, 'uri', NEW.uri, 'error', NEW.error)));
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER "export_event" AFTER UPDATE OR DELETE ON "exports" FOR EACH ROW EXECUTE FUNCTION "note_export_event"();

CREATE FUNCTION "note_experiment_event"() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' OR OLD.status <> NEW.status THEN
    PERFORM note_event('experiment.' || NEW.status, 'experiment', NEW.id,
      jsonb_strip_nulls(jsonb_build_object('progress', NEW.progress, 'error', NEW.error)));
  ELSIF OLD.progress <> NEW.progress THEN
    PERFORM note_event('experiment.progress', 'experiment', NEW.id, jsonb_build_object('progress', NEW.progress));
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER "experiment_event" AFTER INSERT OR UPDATE ON "experiments" FOR EACH ROW EXECUTE FUNCTION "note_experiment_event"();
