-- The history is written for every job and read for few: an index by contact for what was cancelled, which undo looks for, and
-- one by time, at whose end each batch lies, for retention. A summary of page ranges would widen without end as forgotten rows make room
-- for new ones between old ones.
DROP INDEX job_history_contact, job_history_finished;
CREATE INDEX job_history_finished ON job_history (finished_at);
CREATE INDEX job_history_cancelled ON job_history (contact_id) WHERE outcome = 'cancelled';
