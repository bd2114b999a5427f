-- Numbers in one request of a lane's provider, where a person switched that on; null: as the settings say.
ALTER TABLE lanes ADD COLUMN batch smallint CHECK (batch BETWEEN 1 AND 1000);
