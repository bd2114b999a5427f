-- What providers beside Twilio say of a place, and a better spelling that a verifier suggests.
ALTER TABLE contacts
    ADD COLUMN email_suggestion text,
    ADD COLUMN latitude numeric(10, 6),
    ADD COLUMN longitude numeric(10, 6),
    ADD COLUMN geocoded_at timestamptz,
    ADD COLUMN geocoding_accuracy text;

-- USD, by what providers bill: each is a row that an operator may supersede with a later valid_from. Plans differ widely;
-- NumVerify's is its plan of 5,000 a month. What finds nothing is free at Clearbit and at Hunter's finder.
INSERT INTO prices (provider, operation, unit, usd) VALUES
    ('clearbit-phone', 'search', 'call', 0.10),
    ('clearbit-company', 'enrichment', 'call', 0.10),
    ('clearbit-email', 'enrichment', 'call', 0.10),
    ('numverify', 'validate', 'call', 0.003),
    ('hunter', 'search', 'credit', 0.05),
    ('hunter', 'verification', 'credit', 0.01),
    ('zerobounce', 'validate', 'credit', 0.008),
    ('whitepages', 'phone', 'call', 0.05),
    ('truecaller', 'search', 'call', 0);
