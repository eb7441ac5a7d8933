CREATE TABLE "consortium" (
  _r INTEGER PRIMARY KEY AUTOINCREMENT,
  "code" TEXT NOT NULL CHECK (length("code") <= 20 AND instr("code", '/') = 0),
  "name" TEXT NOT NULL CHECK (length("name") <= 60),
  "mode" TEXT NOT NULL DEFAULT 'fused' CHECK (length("mode") <= 40),
  _v INTEGER,
  _vx TEXT,
  UNIQUE ("code")
) STRICT;

CREATE TABLE "campus" (
  _r INTEGER PRIMARY KEY AUTOINCREMENT,
  "code" TEXT NOT NULL CHECK (length("code") <= 4 AND instr("code", '/') = 0),
  "school_code" TEXT NOT NULL CHECK (length("school_code") <= 10),
  "name" TEXT NOT NULL CHECK (length("name") <= 60),
  "main" INTEGER NOT NULL DEFAULT 0 CHECK ("main" BETWEEN 0 AND 1),
  "position" INTEGER NOT NULL DEFAULT 0 CHECK ("position" BETWEEN 0 AND 999),
  _v INTEGER,
  _vx TEXT,
  UNIQUE ("code")
) STRICT;

CREATE TABLE "school_year" (
  _r INTEGER PRIMARY KEY AUTOINCREMENT,
  "code" TEXT NOT NULL CHECK (length("code") <= 10 AND instr("code", '/') = 0),
  "name" TEXT NOT NULL CHECK (length("name") <= 60),
  "begin" TEXT NOT NULL CHECK ("begin" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]'),
  "end" TEXT NOT NULL CHECK ("end" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]'),
  _v INTEGER,
  _vx TEXT,
  UNIQUE ("code")
) STRICT;

CREATE TABLE "term" (
  _r INTEGER PRIMARY KEY AUTOINCREMENT,
  "code" TEXT NOT NULL CHECK (length("code") <= 12 AND instr("code", '/') = 0),
  "school_year" TEXT NOT NULL CHECK (length("school_year") <= 40),
  "name" TEXT NOT NULL CHECK (length("name") <= 60),
  "begin" TEXT NOT NULL CHECK ("begin" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]'),
  "end" TEXT NOT NULL CHECK ("end" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]'),
  _v INTEGER,
  _vx TEXT,
  UNIQUE ("code")
) STRICT;

CREATE TABLE "bell_period" (
  _r INTEGER PRIMARY KEY AUTOINCREMENT,
  "schedule" TEXT NOT NULL CHECK (length("schedule") <= 20 AND instr("schedule", '/') = 0),
  "period" INTEGER NOT NULL CHECK ("period" BETWEEN 0 AND 20),
  "name" TEXT NOT NULL CHECK (length("name") <= 20),
  "begin" TEXT NOT NULL CHECK ("begin" GLOB '[0-2][0-9]:[0-5][0-9]'),
  "end" TEXT NOT NULL CHECK ("end" GLOB '[0-2][0-9]:[0-5][0-9]'),
  _v INTEGER,
  _vx TEXT,
  UNIQUE ("schedule", "period")
) STRICT;

CREATE TABLE "calendar_day" (
  _r INTEGER PRIMARY KEY AUTOINCREMENT,
  "campus" TEXT NOT NULL CHECK (length("campus") <= 40 AND instr("campus", '/') = 0),
  "date" TEXT NOT NULL CHECK ("date" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]'),
  "kind" TEXT NOT NULL CHECK (length("kind") <= 40),
  "follows_weekday" INTEGER CHECK ("follows_weekday" BETWEEN 1 AND 7),
  "week" INTEGER NOT NULL DEFAULT 0 CHECK ("week" BETWEEN 0 AND 60),
  "parity" TEXT CHECK (length("parity") <= 40),
  "bell_schedule" TEXT CHECK (length("bell_schedule") <= 20),
  "note" TEXT NOT NULL DEFAULT '' CHECK (length("note") <= 120),
  _v INTEGER,
  _vx TEXT,
  UNIQUE ("campus", "date")
) STRICT;

CREATE TABLE "roll_session" (
  _r INTEGER PRIMARY KEY AUTOINCREMENT,
  "campus" TEXT NOT NULL CHECK (length("campus") <= 40 AND instr("campus", '/') = 0),
  "code" TEXT NOT NULL CHECK (length("code") <= 20 AND instr("code", '/') = 0),
  "name" TEXT NOT NULL CHECK (length("name") <= 20),
  "name_en" TEXT NOT NULL DEFAULT '' CHECK (length("name_en") <= 30),
  "begin" TEXT NOT NULL CHECK ("begin" GLOB '[0-2][0-9]:[0-5][0-9]'),
  "end" TEXT NOT NULL CHECK ("end" GLOB '[0-2][0-9]:[0-5][0-9]'),
  "group_kind" TEXT NOT NULL DEFAULT 'class' CHECK (length("group_kind") <= 40),
  _v INTEGER,
  _vx TEXT,
  UNIQUE ("campus", "code")
) STRICT;

CREATE TABLE "date_confirmation" (
  _r INTEGER PRIMARY KEY AUTOINCREMENT,
  "campus" TEXT NOT NULL CHECK (length("campus") <= 40 AND instr("campus", '/') = 0),
  "date" TEXT NOT NULL CHECK ("date" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]'),
  "confirmed_by" TEXT NOT NULL CHECK (length("confirmed_by") <= 40 AND instr("confirmed_by", '/') = 0),
  "clock_said" TEXT NOT NULL CHECK (length("clock_said") <= 24),
  "boot" TEXT NOT NULL CHECK (length("boot") <= 40),
  _v INTEGER,
  _vx TEXT,
  UNIQUE ("campus", "date", "confirmed_by")
) STRICT;

CREATE TABLE "public_holiday" (
  _r INTEGER PRIMARY KEY AUTOINCREMENT,
  "date" TEXT NOT NULL CHECK ("date" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]'),
  "name" TEXT NOT NULL CHECK (length("name") <= 40),
  "off" INTEGER NOT NULL DEFAULT 1 CHECK ("off" BETWEEN 0 AND 1),
  "source" TEXT NOT NULL DEFAULT '' CHECK (length("source") <= 120),
  _v INTEGER,
  _vx TEXT,
  UNIQUE ("date")
) STRICT;

CREATE TABLE "building" (
  _r INTEGER PRIMARY KEY AUTOINCREMENT,
  "id" TEXT NOT NULL CHECK (length("id") <= 40 AND instr("id", '/') = 0),
  "campus" TEXT NOT NULL CHECK (length("campus") <= 40),
  "name" TEXT NOT NULL CHECK (length("name") <= 40),
  "position" INTEGER NOT NULL DEFAULT 0 CHECK ("position" BETWEEN 0 AND 9999),
  _v INTEGER,
  _vx TEXT,
  UNIQUE ("id")
) STRICT;

CREATE TABLE "room" (
  _r INTEGER PRIMARY KEY AUTOINCREMENT,
  "id" TEXT NOT NULL CHECK (length("id") <= 40 AND instr("id", '/') = 0),
  "campus" TEXT NOT NULL CHECK (length("campus") <= 40),
  "name" TEXT NOT NULL CHECK (length("name") <= 40),
  "kind" TEXT NOT NULL DEFAULT 'classroom' CHECK (length("kind") <= 40),
  "building_id" TEXT CHECK (length("building_id") <= 40),
  "seats" INTEGER NOT NULL DEFAULT 0 CHECK ("seats" BETWEEN 0 AND 9999),
  "bookable" INTEGER NOT NULL DEFAULT 1 CHECK ("bookable" BETWEEN 0 AND 1),
  "position" INTEGER NOT NULL DEFAULT 0 CHECK ("position" BETWEEN 0 AND 9999),
  "begin" TEXT CHECK ("begin" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]'),
  "end" TEXT CHECK ("end" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]'),
  _v INTEGER,
  _vx TEXT,
  UNIQUE ("id")
) STRICT;

CREATE TABLE "travel_time" (
  _r INTEGER PRIMARY KEY AUTOINCREMENT,
  "from_campus" TEXT NOT NULL CHECK (length("from_campus") <= 40 AND instr("from_campus", '/') = 0),
  "to_campus" TEXT NOT NULL CHECK (length("to_campus") <= 40 AND instr("to_campus", '/') = 0),
  "minutes" INTEGER NOT NULL CHECK ("minutes" BETWEEN 0 AND 600),
  _v INTEGER,
  _vx TEXT,
  UNIQUE ("from_campus", "to_campus")
) STRICT;

CREATE TABLE "person" (
  _r INTEGER PRIMARY KEY AUTOINCREMENT,
  "id" TEXT NOT NULL CHECK (length("id") <= 40 AND instr("id", '/') = 0),
  "name" TEXT NOT NULL CHECK (length("name") <= 40),
  "sex" TEXT NOT NULL DEFAULT 'unknown' CHECK (length("sex") <= 40),
  "staff_number" TEXT NOT NULL CHECK (length("staff_number") <= 20),
  "initials" TEXT NOT NULL DEFAULT '' CHECK (length("initials") <= 16),
  "phone_extension" TEXT NOT NULL DEFAULT '' CHECK (length("phone_extension") <= 20),
  _v INTEGER,
  _vx TEXT,
  UNIQUE ("id")
) STRICT;

CREATE TABLE "person_private" (
  _r INTEGER PRIMARY KEY AUTOINCREMENT,
  "campus" TEXT NOT NULL CHECK (length("campus") <= 40 AND instr("campus", '/') = 0),
  "person_id" TEXT NOT NULL CHECK (length("person_id") <= 40 AND instr("person_id", '/') = 0),
  "identity_number" TEXT NOT NULL DEFAULT '' CHECK (length("identity_number") <= 18),
  "phone" TEXT NOT NULL DEFAULT '' CHECK (length("phone") <= 20),
  "background_check" TEXT CHECK ("background_check" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]'),
  _v INTEGER,
  _vx TEXT,
  UNIQUE ("campus", "person_id")
) STRICT;

CREATE TABLE "staff_membership" (
  _r INTEGER PRIMARY KEY AUTOINCREMENT,
  "id" TEXT NOT NULL CHECK (length("id") <= 40 AND instr("id", '/') = 0),
  "person_id" TEXT NOT NULL CHECK (length("person_id") <= 40),
  "campus" TEXT NOT NULL CHECK (length("campus") <= 40),
  "category" TEXT NOT NULL CHECK (length("category") <= 40),
  "employment_kind" TEXT NOT NULL DEFAULT 'established' CHECK (length("employment_kind") <= 40),
  "share" TEXT NOT NULL DEFAULT '1' CHECK (length("share") <= 24),
  "home" INTEGER NOT NULL DEFAULT 1 CHECK ("home" BETWEEN 0 AND 1),
  "legal_person" TEXT NOT NULL DEFAULT '' CHECK (length("legal_person") <= 60),
  "begin" TEXT NOT NULL CHECK ("begin" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]'),
  "end" TEXT CHECK ("end" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]'),
  _v INTEGER,
  _vx TEXT,
  UNIQUE ("id")
) STRICT;

CREATE TABLE "account" (
  _r INTEGER PRIMARY KEY AUTOINCREMENT,
  "person_id" TEXT NOT NULL CHECK (length("person_id") <= 40 AND instr("person_id", '/') = 0),
  "login" TEXT NOT NULL CHECK (length("login") <= 40),
  "password_hash" TEXT NOT NULL DEFAULT '' CHECK (length("password_hash") <= 200),
  "revoked_at" TEXT CHECK ("revoked_at" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9].[0-9][0-9][0-9]Z'),
  "must_change" INTEGER NOT NULL DEFAULT 0 CHECK ("must_change" BETWEEN 0 AND 1),
  "password_until" TEXT CHECK ("password_until" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9].[0-9][0-9][0-9]Z'),
  _v INTEGER,
  _vx TEXT,
  UNIQUE ("person_id")
) STRICT;

CREATE TABLE "account_role" (
  _r INTEGER PRIMARY KEY AUTOINCREMENT,
  "person_id" TEXT NOT NULL CHECK (length("person_id") <= 40 AND instr("person_id", '/') = 0),
  "role" TEXT NOT NULL CHECK (length("role") <= 40 AND instr("role", '/') = 0),
  "campus" TEXT NOT NULL CHECK (length("campus") <= 4 AND instr("campus", '/') = 0),
  "begin" TEXT NOT NULL CHECK ("begin" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]'),
  "end" TEXT CHECK ("end" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]'),
  _v INTEGER,
  _vx TEXT,
  UNIQUE ("person_id", "role", "campus")
) STRICT;

CREATE TABLE "pupil" (
  _r INTEGER PRIMARY KEY AUTOINCREMENT,
  "id" TEXT NOT NULL CHECK (length("id") <= 40 AND instr("id", '/') = 0),
  "name" TEXT NOT NULL CHECK (length("name") <= 40),
  "sex" TEXT NOT NULL DEFAULT 'unknown' CHECK (length("sex") <= 40),
  "birth" TEXT CHECK ("birth" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]'),
  "initials" TEXT NOT NULL DEFAULT '' CHECK (length("initials") <= 16),
  _v INTEGER,
  _vx TEXT,
  UNIQUE ("id")
) STRICT;

CREATE TABLE "pupil_private" (
  _r INTEGER PRIMARY KEY AUTOINCREMENT,
  "pupil_id" TEXT NOT NULL CHECK (length("pupil_id") <= 40 AND instr("pupil_id", '/') = 0),
  "identity_number" TEXT NOT NULL DEFAULT '' CHECK (length("identity_number") <= 18),
  "roll_number" TEXT NOT NULL DEFAULT '' CHECK (length("roll_number") <= 19),
  "guardian" TEXT NOT NULL DEFAULT '' CHECK (length("guardian") <= 40),
  "guardian_phone" TEXT NOT NULL DEFAULT '' CHECK (length("guardian_phone") <= 20),
  "second_guardian" TEXT NOT NULL DEFAULT '' CHECK (length("second_guardian") <= 40),
  "second_phone" TEXT NOT NULL DEFAULT '' CHECK (length("second_phone") <= 20),
  "health_note" TEXT NOT NULL DEFAULT '' CHECK (length("health_note") <= 200),
  _v INTEGER,
  _vx TEXT,
  UNIQUE ("pupil_id")
) STRICT;

CREATE TABLE "roster_group" (
  _r INTEGER PRIMARY KEY AUTOINCREMENT,
  "id" TEXT NOT NULL CHECK (length("id") <= 40 AND instr("id", '/') = 0),
  "campus" TEXT NOT NULL CHECK (length("campus") <= 40),
  "kind" TEXT NOT NULL DEFAULT 'class' CHECK (length("kind") <= 40),
  "stage" TEXT NOT NULL DEFAULT 'primary' CHECK (length("stage") <= 40),
  "cohort" TEXT NOT NULL DEFAULT '' CHECK (length("cohort") <= 8),
  "name" TEXT NOT NULL CHECK (length("name") <= 40),
  "homeroom_id" TEXT CHECK (length("homeroom_id") <= 40),
  "deputy_id" TEXT CHECK (length("deputy_id") <= 40),
  "position" INTEGER NOT NULL DEFAULT 0 CHECK ("position" BETWEEN 0 AND 9999),
  "begin" TEXT NOT NULL CHECK ("begin" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]'),
  "end" TEXT CHECK ("end" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]'),
  "carer_id" TEXT CHECK (length("carer_id") <= 40),
  "room_id" TEXT CHECK (length("room_id") <= 40),
  _v INTEGER,
  _vx TEXT,
  UNIQUE ("id")
) STRICT;

CREATE TABLE "group_member" (
  _r INTEGER PRIMARY KEY AUTOINCREMENT,
  "group_id" TEXT NOT NULL CHECK (length("group_id") <= 40 AND instr("group_id", '/') = 0),
  "member_id" TEXT NOT NULL CHECK (length("member_id") <= 40 AND instr("member_id", '/') = 0),
  "begin" TEXT NOT NULL CHECK ("begin" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]'),
  "end" TEXT CHECK ("end" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]'),
  "seat_number" INTEGER NOT NULL DEFAULT 0 CHECK ("seat_number" BETWEEN 0 AND 9999),
  _v INTEGER,
  _vx TEXT,
  UNIQUE ("group_id", "member_id", "begin")
) STRICT;

CREATE TABLE "register" (
  _r INTEGER PRIMARY KEY AUTOINCREMENT,
  "group_id" TEXT NOT NULL CHECK (length("group_id") <= 40 AND instr("group_id", '/') = 0),
  "date" TEXT NOT NULL CHECK ("date" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]'),
  "session" TEXT NOT NULL CHECK (length("session") <= 20 AND instr("session", '/') = 0),
  "taken_by" TEXT NOT NULL CHECK (length("taken_by") <= 40),
  "taken_at" TEXT NOT NULL CHECK (length("taken_at") <= 24),
  "roster_size" INTEGER NOT NULL CHECK ("roster_size" BETWEEN 0 AND 9999),
  "roster_digest" TEXT NOT NULL CHECK (length("roster_digest") <= 16),
  _v INTEGER,
  _vx TEXT,
  UNIQUE ("group_id", "date", "session")
) STRICT;

CREATE TABLE "register_exception" (
  _r INTEGER PRIMARY KEY AUTOINCREMENT,
  "group_id" TEXT NOT NULL CHECK (length("group_id") <= 40 AND instr("group_id", '/') = 0),
  "date" TEXT NOT NULL CHECK ("date" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]'),
  "session" TEXT NOT NULL CHECK (length("session") <= 20 AND instr("session", '/') = 0),
  "person_id" TEXT NOT NULL CHECK (length("person_id") <= 40 AND instr("person_id", '/') = 0),
  "source" TEXT NOT NULL CHECK (length("source") <= 40 AND instr("source", '/') = 0),
  "mark" TEXT NOT NULL CHECK (length("mark") <= 40),
  "minutes" INTEGER NOT NULL DEFAULT 0 CHECK ("minutes" BETWEEN 0 AND 600),
  "note" TEXT NOT NULL DEFAULT '' CHECK (length("note") <= 120),
  _v INTEGER,
  _vx TEXT,
  UNIQUE ("group_id", "date", "session", "person_id", "source")
) STRICT;

CREATE TABLE "staff_day" (
  _r INTEGER PRIMARY KEY AUTOINCREMENT,
  "person_id" TEXT NOT NULL CHECK (length("person_id") <= 40 AND instr("person_id", '/') = 0),
  "date" TEXT NOT NULL CHECK ("date" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]'),
  "campus" TEXT NOT NULL CHECK (length("campus") <= 40 AND instr("campus", '/') = 0),
  "status" TEXT NOT NULL CHECK (length("status") <= 40),
  "part" TEXT NOT NULL DEFAULT 'full' CHECK (length("part") <= 40),
  "late_minutes" INTEGER NOT NULL DEFAULT 0 CHECK ("late_minutes" BETWEEN 0 AND 600),
  "early_minutes" INTEGER NOT NULL DEFAULT 0 CHECK ("early_minutes" BETWEEN 0 AND 600),
  "absent_lessons" INTEGER NOT NULL DEFAULT 0 CHECK ("absent_lessons" BETWEEN 0 AND 12),
  "note" TEXT NOT NULL DEFAULT '' CHECK (length("note") <= 120),
  "entered_by" TEXT NOT NULL DEFAULT '' CHECK (length("entered_by") <= 40),
  _v INTEGER,
  _vx TEXT,
  UNIQUE ("person_id", "date", "campus")
) STRICT;

CREATE TABLE "leave_request" (
  _r INTEGER PRIMARY KEY AUTOINCREMENT,
  "id" TEXT NOT NULL CHECK (length("id") <= 40 AND instr("id", '/') = 0),
  "person_id" TEXT NOT NULL CHECK (length("person_id") <= 40 AND instr("person_id", '/') = 0),
  "kind" TEXT NOT NULL CHECK (length("kind") <= 40),
  "begin" TEXT NOT NULL CHECK ("begin" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]'),
  "begin_part" TEXT NOT NULL DEFAULT 'full' CHECK (length("begin_part") <= 40),
  "end" TEXT NOT NULL CHECK ("end" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]'),
  "note" TEXT NOT NULL DEFAULT '' CHECK (length("note") <= 200),
  "with_proof" INTEGER NOT NULL DEFAULT 0 CHECK ("with_proof" BETWEEN 0 AND 1),
  "filed_by" TEXT NOT NULL DEFAULT '' CHECK (length("filed_by") <= 40),
  "withdrawn_at" TEXT NOT NULL DEFAULT '' CHECK (length("withdrawn_at") <= 24),
  _v INTEGER,
  _vx TEXT,
  UNIQUE ("id", "person_id")
) STRICT;

CREATE TABLE "leave_approval" (
  _r INTEGER PRIMARY KEY AUTOINCREMENT,
  "request_id" TEXT NOT NULL CHECK (length("request_id") <= 40 AND instr("request_id", '/') = 0),
  "person_id" TEXT NOT NULL CHECK (length("person_id") <= 40 AND instr("person_id", '/') = 0),
  "step" TEXT NOT NULL CHECK (length("step") <= 40 AND instr("step", '/') = 0),
  "decision" TEXT NOT NULL CHECK (length("decision") <= 40),
  "decided_by" TEXT NOT NULL CHECK (length("decided_by") <= 40),
  "decided_at" TEXT NOT NULL CHECK (length("decided_at") <= 24),
  "note" TEXT NOT NULL DEFAULT '' CHECK (length("note") <= 200),
  _v INTEGER,
  _vx TEXT,
  UNIQUE ("request_id", "person_id", "step")
) STRICT;

CREATE TABLE "timetable_version" (
  _r INTEGER PRIMARY KEY AUTOINCREMENT,
  "id" TEXT NOT NULL CHECK (length("id") <= 40 AND instr("id", '/') = 0),
  "campus" TEXT NOT NULL CHECK (length("campus") <= 40),
  "name" TEXT NOT NULL CHECK (length("name") <= 60),
  "begin" TEXT NOT NULL CHECK ("begin" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]'),
  "end" TEXT CHECK ("end" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]'),
  "status" TEXT NOT NULL DEFAULT 'draft' CHECK (length("status") <= 40),
  "source" TEXT NOT NULL DEFAULT '' CHECK (length("source") <= 80),
  _v INTEGER,
  _vx TEXT,
  UNIQUE ("id")
) STRICT;

CREATE TABLE "timetable_slot" (
  _r INTEGER PRIMARY KEY AUTOINCREMENT,
  "version_id" TEXT NOT NULL CHECK (length("version_id") <= 40 AND instr("version_id", '/') = 0),
  "group_id" TEXT NOT NULL CHECK (length("group_id") <= 40 AND instr("group_id", '/') = 0),
  "weekday" INTEGER NOT NULL CHECK ("weekday" BETWEEN 1 AND 7),
  "weeks" TEXT NOT NULL CHECK (length("weeks") <= 40 AND instr("weeks", '/') = 0),
  "period" INTEGER NOT NULL CHECK ("period" BETWEEN 0 AND 20),
  "subject" TEXT NOT NULL DEFAULT 'other' CHECK (length("subject") <= 40),
  "title" TEXT NOT NULL DEFAULT '' CHECK (length("title") <= 60),
  "teacher_id" TEXT CHECK (length("teacher_id") <= 40),
  "room_id" TEXT CHECK (length("room_id") <= 40),
  "joint" TEXT NOT NULL DEFAULT '' CHECK (length("joint") <= 40),
  _v INTEGER,
  _vx TEXT,
  UNIQUE ("version_id", "group_id", "weekday", "weeks", "period")
) STRICT;

CREATE TABLE "slot_teacher" (
  _r INTEGER PRIMARY KEY AUTOINCREMENT,
  "version_id" TEXT NOT NULL CHECK (length("version_id") <= 40 AND instr("version_id", '/') = 0),
  "group_id" TEXT NOT NULL CHECK (length("group_id") <= 40 AND instr("group_id", '/') = 0),
  "weekday" INTEGER NOT NULL CHECK ("weekday" BETWEEN 1 AND 7),
  "weeks" TEXT NOT NULL CHECK (length("weeks") <= 40 AND instr("weeks", '/') = 0),
  "period" INTEGER NOT NULL CHECK ("period" BETWEEN 0 AND 20),
  "person_id" TEXT NOT NULL CHECK (length("person_id") <= 40 AND instr("person_id", '/') = 0),
  "role" TEXT NOT NULL DEFAULT 'co_teacher' CHECK (length("role") <= 40),
  _v INTEGER,
  _vx TEXT,
  UNIQUE ("version_id", "group_id", "weekday", "weeks", "period", "person_id")
) STRICT;

CREATE TABLE "teaching_assignment" (
  _r INTEGER PRIMARY KEY AUTOINCREMENT,
  "version_id" TEXT NOT NULL CHECK (length("version_id") <= 40 AND instr("version_id", '/') = 0),
  "group_id" TEXT NOT NULL CHECK (length("group_id") <= 40 AND instr("group_id", '/') = 0),
  "title" TEXT NOT NULL CHECK (length("title") <= 60 AND instr("title", '/') = 0),
  "person_id" TEXT NOT NULL CHECK (length("person_id") <= 40 AND instr("person_id", '/') = 0),
  "subject" TEXT NOT NULL DEFAULT 'other' CHECK (length("subject") <= 40),
  "weekly_lessons" INTEGER NOT NULL CHECK ("weekly_lessons" BETWEEN 0 AND 99),
  "joint" TEXT NOT NULL DEFAULT '' CHECK (length("joint") <= 40),
  _v INTEGER,
  _vx TEXT,
  UNIQUE ("version_id", "group_id", "title", "person_id")
) STRICT;

CREATE TABLE "lesson_override" (
  _r INTEGER PRIMARY KEY AUTOINCREMENT,
  "id" TEXT NOT NULL CHECK (length("id") <= 40 AND instr("id", '/') = 0),
  "group_id" TEXT NOT NULL CHECK (length("group_id") <= 40),
  "date" TEXT NOT NULL CHECK ("date" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]'),
  "period" INTEGER NOT NULL CHECK ("period" BETWEEN 0 AND 20),
  "kind" TEXT NOT NULL CHECK (length("kind") <= 40),
  "teacher_id" TEXT CHECK (length("teacher_id") <= 40),
  "new_teacher_id" TEXT CHECK (length("new_teacher_id") <= 40),
  "new_room_id" TEXT CHECK (length("new_room_id") <= 40),
  "new_date" TEXT CHECK ("new_date" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]'),
  "new_period" INTEGER CHECK ("new_period" BETWEEN 0 AND 20),
  "pair_id" TEXT CHECK (length("pair_id") <= 40),
  "reason" TEXT NOT NULL DEFAULT 'other' CHECK (length("reason") <= 40),
  "note" TEXT NOT NULL DEFAULT '' CHECK (length("note") <= 120),
  "entered_by" TEXT NOT NULL DEFAULT '' CHECK (length("entered_by") <= 40),
  "withdrawn_by" TEXT NOT NULL DEFAULT '' CHECK (length("withdrawn_by") <= 40),
  "withdrawn_at" TEXT NOT NULL DEFAULT '' CHECK (length("withdrawn_at") <= 24),
  _v INTEGER,
  _vx TEXT,
  UNIQUE ("id")
) STRICT;

CREATE TABLE "lesson_day" (
  _r INTEGER PRIMARY KEY AUTOINCREMENT,
  "campus" TEXT NOT NULL CHECK (length("campus") <= 40 AND instr("campus", '/') = 0),
  "date" TEXT NOT NULL CHECK ("date" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]'),
  "person_id" TEXT NOT NULL CHECK (length("person_id") <= 40 AND instr("person_id", '/') = 0),
  "closed_by" TEXT NOT NULL CHECK (length("closed_by") <= 40),
  "closed_at" TEXT NOT NULL CHECK (length("closed_at") <= 24),
  _v INTEGER,
  _vx TEXT,
  UNIQUE ("campus", "date", "person_id")
) STRICT;

CREATE TABLE "lesson_exception" (
  _r INTEGER PRIMARY KEY AUTOINCREMENT,
  "group_id" TEXT NOT NULL CHECK (length("group_id") <= 40 AND instr("group_id", '/') = 0),
  "date" TEXT NOT NULL CHECK ("date" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]'),
  "period" INTEGER NOT NULL CHECK ("period" BETWEEN 0 AND 20),
  "person_id" TEXT NOT NULL CHECK (length("person_id") <= 40 AND instr("person_id", '/') = 0),
  "kind" TEXT NOT NULL CHECK (length("kind") <= 40),
  "minutes" INTEGER NOT NULL DEFAULT 0 CHECK ("minutes" BETWEEN 0 AND 120),
  "note" TEXT NOT NULL DEFAULT '' CHECK (length("note") <= 120),
  "entered_by" TEXT NOT NULL DEFAULT '' CHECK (length("entered_by") <= 40),
  _v INTEGER,
  _vx TEXT,
  UNIQUE ("group_id", "date", "period", "person_id")
) STRICT;

CREATE TABLE "booking_series" (
  _r INTEGER PRIMARY KEY AUTOINCREMENT,
  "id" TEXT NOT NULL CHECK (length("id") <= 40 AND instr("id", '/') = 0),
  "room_id" TEXT NOT NULL CHECK (length("room_id") <= 40),
  "campus" TEXT NOT NULL CHECK (length("campus") <= 40),
  "booked_by" TEXT NOT NULL CHECK (length("booked_by") <= 40),
  "purpose" TEXT NOT NULL DEFAULT 'other' CHECK (length("purpose") <= 40),
  "title" TEXT NOT NULL CHECK (length("title") <= 60),
  "group_id" TEXT CHECK (length("group_id") <= 40),
  "head_count" INTEGER NOT NULL DEFAULT 0 CHECK ("head_count" BETWEEN 0 AND 9999),
  "repeat" TEXT NOT NULL DEFAULT 'once' CHECK (length("repeat") <= 40),
  "until" TEXT CHECK ("until" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]'),
  "note" TEXT NOT NULL DEFAULT '' CHECK (length("note") <= 200),
  _v INTEGER,
  _vx TEXT,
  UNIQUE ("id")
) STRICT;

CREATE TABLE "booking_occurrence" (
  _r INTEGER PRIMARY KEY AUTOINCREMENT,
  "series_id" TEXT NOT NULL CHECK (length("series_id") <= 40 AND instr("series_id", '/') = 0),
  "number" INTEGER NOT NULL CHECK ("number" BETWEEN 1 AND 999),
  "room_id" TEXT NOT NULL CHECK (length("room_id") <= 40),
  "date" TEXT NOT NULL CHECK ("date" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]'),
  "begin" TEXT NOT NULL CHECK ("begin" GLOB '[0-2][0-9]:[0-5][0-9]'),
  "end" TEXT NOT NULL CHECK ("end" GLOB '[0-2][0-9]:[0-5][0-9]'),
  "state" TEXT NOT NULL DEFAULT 'requested' CHECK (length("state") <= 40),
  "reason" TEXT NOT NULL DEFAULT 'none' CHECK (length("reason") <= 40),
  "decided_by" TEXT NOT NULL DEFAULT '' CHECK (length("decided_by") <= 40),
  "decided_at" TEXT NOT NULL DEFAULT '' CHECK (length("decided_at") <= 24),
  "answer_note" TEXT NOT NULL DEFAULT '' CHECK (length("answer_note") <= 120),
  "cancelled_by" TEXT NOT NULL DEFAULT '' CHECK (length("cancelled_by") <= 40),
  "cancelled_at" TEXT NOT NULL DEFAULT '' CHECK (length("cancelled_at") <= 24),
  _v INTEGER,
  _vx TEXT,
  UNIQUE ("series_id", "number")
) STRICT;

CREATE TABLE "domain_decision" (
  _r INTEGER PRIMARY KEY AUTOINCREMENT,
  "kind" TEXT NOT NULL CHECK (length("kind") <= 40 AND instr("kind", '/') = 0),
  "subject" TEXT NOT NULL CHECK (length("subject") <= 200 AND instr("subject", '/') = 0),
  "state_digest" TEXT NOT NULL CHECK (length("state_digest") <= 16),
  "decided_by" TEXT NOT NULL CHECK (length("decided_by") <= 40),
  "note" TEXT NOT NULL DEFAULT '' CHECK (length("note") <= 200),
  _v INTEGER,
  _vx TEXT,
  UNIQUE ("kind", "subject")
) STRICT;

CREATE TABLE "evidence" (
  _r INTEGER PRIMARY KEY AUTOINCREMENT,
  "id" TEXT NOT NULL CHECK (length("id") <= 40 AND instr("id", '/') = 0),
  "person_id" TEXT NOT NULL CHECK (length("person_id") <= 40),
  "campus" TEXT NOT NULL CHECK (length("campus") <= 40),
  "date" TEXT NOT NULL CHECK ("date" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]'),
  "kind" TEXT NOT NULL CHECK (length("kind") <= 40),
  "quantity" TEXT NOT NULL CHECK (length("quantity") <= 24),
  "subject" TEXT CHECK (length("subject") <= 40),
  "note" TEXT NOT NULL DEFAULT '' CHECK (length("note") <= 200),
  "entered_by" TEXT NOT NULL DEFAULT '' CHECK (length("entered_by") <= 40),
  "replaces_id" TEXT CHECK (length("replaces_id") <= 40),
  _v INTEGER,
  _vx TEXT,
  UNIQUE ("id")
) STRICT;

CREATE TABLE "ethics_event" (
  _r INTEGER PRIMARY KEY AUTOINCREMENT,
  "id" TEXT NOT NULL CHECK (length("id") <= 40 AND instr("id", '/') = 0),
  "person_id" TEXT NOT NULL CHECK (length("person_id") <= 40),
  "campus" TEXT NOT NULL CHECK (length("campus") <= 40),
  "date" TEXT NOT NULL CHECK ("date" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]'),
  "kind" TEXT NOT NULL CHECK (length("kind") <= 40),
  "points" TEXT NOT NULL DEFAULT '0' CHECK (length("points") <= 24),
  "note" TEXT NOT NULL DEFAULT '' CHECK (length("note") <= 200),
  "entered_by" TEXT NOT NULL DEFAULT '' CHECK (length("entered_by") <= 40),
  "replaces_id" TEXT CHECK (length("replaces_id") <= 40),
  _v INTEGER,
  _vx TEXT,
  UNIQUE ("id")
) STRICT;

CREATE TABLE "scheme_version" (
  _r INTEGER PRIMARY KEY AUTOINCREMENT,
  "scheme" TEXT NOT NULL CHECK (length("scheme") <= 40 AND instr("scheme", '/') = 0),
  "version" INTEGER NOT NULL CHECK ("version" BETWEEN 1 AND 9999),
  "title" TEXT NOT NULL CHECK (length("title") <= 80),
  "state" TEXT NOT NULL DEFAULT 'draft' CHECK (length("state") <= 40),
  "document" TEXT NOT NULL CHECK (length("document") <= 200000),
  "digest" TEXT NOT NULL CHECK (length("digest") <= 64),
  _v INTEGER,
  _vx TEXT,
  UNIQUE ("scheme", "version")
) STRICT;

CREATE TABLE "scheme_adoption" (
  _r INTEGER PRIMARY KEY AUTOINCREMENT,
  "id" TEXT NOT NULL CHECK (length("id") <= 40 AND instr("id", '/') = 0),
  "scheme" TEXT NOT NULL CHECK (length("scheme") <= 40),
  "version" INTEGER NOT NULL CHECK ("version" BETWEEN 1 AND 9999),
  "date" TEXT NOT NULL CHECK ("date" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]'),
  "delegates_present" INTEGER NOT NULL CHECK ("delegates_present" BETWEEN 0 AND 9999),
  "votes_for" INTEGER NOT NULL CHECK ("votes_for" BETWEEN 0 AND 9999),
  "adopted" INTEGER NOT NULL DEFAULT 0 CHECK ("adopted" BETWEEN 0 AND 1),
  "note" TEXT NOT NULL DEFAULT '' CHECK (length("note") <= 200),
  _v INTEGER,
  _vx TEXT,
  UNIQUE ("id")
) STRICT;

CREATE TABLE "appraisal_run" (
  _r INTEGER PRIMARY KEY AUTOINCREMENT,
  "id" TEXT NOT NULL CHECK (length("id") <= 40 AND instr("id", '/') = 0),
  "term" TEXT NOT NULL CHECK (length("term") <= 40),
  "begin" TEXT NOT NULL CHECK ("begin" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]'),
  "end" TEXT NOT NULL CHECK ("end" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]'),
  "scheme" TEXT NOT NULL CHECK (length("scheme") <= 40),
  "version" INTEGER NOT NULL CHECK ("version" BETWEEN 1 AND 9999),
  "number" INTEGER NOT NULL CHECK ("number" BETWEEN 1 AND 999999),
  "provisional" INTEGER NOT NULL DEFAULT 1 CHECK ("provisional" BETWEEN 0 AND 1),
  "trial" INTEGER NOT NULL DEFAULT 1 CHECK ("trial" BETWEEN 0 AND 1),
  "frontier" TEXT NOT NULL CHECK (length("frontier") <= 20000),
  "missing" TEXT NOT NULL DEFAULT '[]' CHECK (length("missing") <= 20000),
  "digest" TEXT NOT NULL CHECK (length("digest") <= 64),
  "made_at" TEXT NOT NULL CHECK ("made_at" GLOB '[0-9][0-9][0-9][0-9]-[0-1][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-6][0-9].[0-9][0-9][0-9]Z'),
  "made_by" TEXT NOT NULL DEFAULT '' CHECK (length("made_by") <= 40),
  _v INTEGER,
  _vx TEXT,
  UNIQUE ("id")
) STRICT;

CREATE TABLE "appraisal_result" (
  _r INTEGER PRIMARY KEY AUTOINCREMENT,
  "run_id" TEXT NOT NULL CHECK (length("run_id") <= 40 AND instr("run_id", '/') = 0),
  "person_id" TEXT NOT NULL CHECK (length("person_id") <= 40 AND instr("person_id", '/') = 0),
  "campus" TEXT NOT NULL CHECK (length("campus") <= 40),
  "category" TEXT NOT NULL CHECK (length("category") <= 40),
  "total" TEXT NOT NULL CHECK (length("total") <= 24),
  "blocks" TEXT NOT NULL CHECK (length("blocks") <= 20000),
  _v INTEGER,
  _vx TEXT,
  UNIQUE ("run_id", "person_id")
) STRICT;

CREATE TABLE "appraisal_explanation" (
  _r INTEGER PRIMARY KEY AUTOINCREMENT,
  "run_id" TEXT NOT NULL CHECK (length("run_id") <= 40 AND instr("run_id", '/') = 0),
  "person_id" TEXT NOT NULL CHECK (length("person_id") <= 40 AND instr("person_id", '/') = 0),
  "document" TEXT NOT NULL CHECK (length("document") <= 2000000),
  _v INTEGER,
  _vx TEXT,
  UNIQUE ("run_id", "person_id")
) STRICT;

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
