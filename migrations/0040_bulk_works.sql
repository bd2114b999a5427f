-- Actions of many rows that are under way in batches. Each batch moves its row in the transaction that does it, so how far it
-- was is known whatever happens to its process. A row that stands still is closed by whoever leads: it takes the row out and
-- writes how the action ended; a process that lives after all finds its row gone at the next batch and does no more.
CREATE TABLE bulk_works (
    request_id uuid PRIMARY KEY,
    action jsonb NOT NULL,
    things bigint NOT NULL,
    changed bigint NOT NULL DEFAULT 0,
    reason text,
    twin text NOT NULL,
    name text NOT NULL,
    claimed jsonb NOT NULL,
    node text NOT NULL,
    door text NOT NULL,
    moved_at timestamptz NOT NULL DEFAULT now()
);
