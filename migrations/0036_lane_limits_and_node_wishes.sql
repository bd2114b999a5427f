-- What a lane's provider may cost in a day, in USD, and how many of its jobs one node runs at once,
-- where a person said so; null: as the settings say, and no limit of a node.
ALTER TABLE lanes
    ADD COLUMN budget_usd double precision CHECK (budget_usd > 0),
    ADD COLUMN node_concurrency integer CHECK (node_concurrency >= 0);

-- What a person wants of one joining of a process: 'quiet', it claims nothing; 'drain', it finishes what is in flight and ends.
CREATE TABLE node_wishes (
    epoch bigint PRIMARY KEY REFERENCES nodes ON DELETE CASCADE,
    wish text NOT NULL CHECK (wish IN ('quiet', 'drain')),
    wished_by text NOT NULL,
    wished_at timestamptz NOT NULL DEFAULT now(),
    reason text
);

-- How long the slowest calls of a sample took.
ALTER TABLE samples ADD COLUMN p99_ms integer;
ALTER TABLE samples_minute ADD COLUMN p99_ms integer;
