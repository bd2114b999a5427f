-- Every claim moves a row through all indexes of its state: one that begins with the contact serves both uniqueness and
-- looking a contact's live jobs up, and compares numbers before text. Dead jobs are found by an index of their own.
CREATE UNIQUE INDEX jobs_live_of_contact ON jobs (contact_id, kind) WHERE state IN ('waiting', 'scheduled', 'running');
CREATE INDEX jobs_dead_of_contact ON jobs (contact_id) WHERE state = 'dead';
DROP INDEX jobs_one_live, jobs_contact;

-- Finished jobs come in the order of their time, so a summary of page ranges finds a day at almost no cost for each row.
DROP INDEX job_history_finished;
CREATE INDEX job_history_finished ON job_history USING brin (finished_at) WITH (autosummarize = on);

-- At full speed the whole table turns over in seconds.
ALTER TABLE jobs SET (autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 5000, autovacuum_vacuum_cost_delay = 0,
    autovacuum_vacuum_insert_scale_factor = 0.1);
ALTER TABLE lane_deltas SET (autovacuum_vacuum_cost_delay = 0);
