-- A schedule may rest: who paused it, and since when. While it rests its next time is infinity, so that an older leader does
-- not fire it either.
ALTER TABLE schedules ADD COLUMN paused_by text, ADD COLUMN paused_at timestamptz;
