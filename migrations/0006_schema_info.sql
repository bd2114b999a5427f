-- The oldest program that may work on this schema; a migration that older programs can't live with raises it.
CREATE TABLE schema_info (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    oldest_program text NOT NULL
);
INSERT INTO schema_info (oldest_program) VALUES ('0.1.0');
