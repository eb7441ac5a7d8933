CREATE TABLE "card_order" (
  _r INTEGER PRIMARY KEY AUTOINCREMENT,
  "id" TEXT NOT NULL CHECK (length("id") <= 40 AND instr("id", '/') = 0),
  "pupil_id" TEXT NOT NULL CHECK (length("pupil_id") <= 40),
  "host_campus" TEXT NOT NULL CHECK (length("host_campus") <= 40),
  "purpose" TEXT NOT NULL CHECK (length("purpose") <= 40),
  "may_collect" TEXT NOT NULL DEFAULT '' CHECK (length("may_collect") <= 80),
  "begin" TEXT NOT NULL CHECK ("begin" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]'),
  "end" TEXT CHECK ("end" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]'),
  "ordered_by" TEXT NOT NULL CHECK (length("ordered_by") <= 40),
  "ordered_at" TEXT NOT NULL CHECK ("ordered_at" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9].[0-9][0-9][0-9]Z'),
  "withdrawn_by" TEXT NOT NULL DEFAULT '' CHECK (length("withdrawn_by") <= 40),
  "withdrawn_at" TEXT CHECK ("withdrawn_at" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9].[0-9][0-9][0-9]Z'),
  "reason" TEXT NOT NULL DEFAULT '' CHECK (length("reason") <= 120),
  _v INTEGER,
  _vx TEXT,
  UNIQUE ("id")
) STRICT;

CREATE TABLE "card_delivery" (
  _r INTEGER PRIMARY KEY AUTOINCREMENT,
  "order_id" TEXT NOT NULL CHECK (length("order_id") <= 40 AND instr("order_id", '/') = 0),
  "sent_at" TEXT NOT NULL CHECK ("sent_at" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9].[0-9][0-9][0-9]Z'),
  "erased_at" TEXT CHECK ("erased_at" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9].[0-9][0-9][0-9]Z'),
  "hub_seq" INTEGER CHECK ("hub_seq" BETWEEN 0 AND 9007199254740992),
  "proof" TEXT NOT NULL DEFAULT '' CHECK (length("proof") <= 64),
  _v INTEGER,
  _vx TEXT,
  UNIQUE ("order_id")
) STRICT;

CREATE TABLE "guest_card" (
  _r INTEGER PRIMARY KEY AUTOINCREMENT,
  "host_campus" TEXT NOT NULL CHECK (length("host_campus") <= 40 AND instr("host_campus", '/') = 0),
  "order_id" TEXT NOT NULL CHECK (length("order_id") <= 40 AND instr("order_id", '/') = 0),
  "pupil_id" TEXT NOT NULL CHECK (length("pupil_id") <= 40),
  "purpose" TEXT NOT NULL CHECK (length("purpose") <= 40),
  "name" TEXT NOT NULL CHECK (length("name") <= 40),
  "class_name" TEXT NOT NULL DEFAULT '' CHECK (length("class_name") <= 40),
  "guardian" TEXT NOT NULL DEFAULT '' CHECK (length("guardian") <= 40),
  "guardian_phone" TEXT NOT NULL DEFAULT '' CHECK (length("guardian_phone") <= 20),
  "may_collect" TEXT NOT NULL DEFAULT '' CHECK (length("may_collect") <= 80),
  "health_warning" TEXT NOT NULL DEFAULT '' CHECK (length("health_warning") <= 200),
  "begin" TEXT NOT NULL CHECK ("begin" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]'),
  "end" TEXT CHECK ("end" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]'),
  _v INTEGER,
  _vx TEXT,
  UNIQUE ("host_campus", "order_id")
) STRICT;
