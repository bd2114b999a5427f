-- ANALYZE read every list of a batch's row out of line and counted its elements: ten seconds of a core each minute at full
-- speed, while the queue grew. No plan asks what is in them.
ALTER TABLE history_batches ALTER ids SET STATISTICS 0, ALTER contacts SET STATISTICS 0, ALTER attempts SET STATISTICS 0,
    ALTER created_at SET STATISTICS 0, ALTER claimed_at SET STATISTICS 0;
