-- One row per phone number. `status` speaks of the lookup alone; every later step has a row in contact_steps.
CREATE TABLE contacts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    raw_phone_number text NOT NULL,
    phone_e164 text NOT NULL CONSTRAINT contacts_phone_e164_shape CHECK (phone_e164 ~ '^\+[1-9][0-9]{1,14}$'),
    status text NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'processing', 'completed', 'failed')),
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    source text,

    national_format text,
    phone_valid boolean,
    validation_errors text[],
    country_code text,
    calling_country_code text,
    line_type text,
    carrier_name text,
    mobile_country_code text,
    mobile_network_code text,
    caller_name text,
    caller_type text,
    lookup_performed_at timestamptz,
    lookup_note text,
    package_codes jsonb,

    sms_pumping_risk_score integer,
    sms_pumping_risk_level text,
    sms_pumping_carrier_risk text,
    sms_pumping_number_blocked boolean,
    sms_pumping_number_blocked_last_3_months boolean,
    sms_pumping_number_blocked_date date,
    sim_swap_last_date timestamptz,
    sim_swap_period text,
    sim_swap_in_period boolean,
    reassigned text,
    reassigned_last_verified date,
    call_forwarding_enabled boolean,
    line_status text,
    identity_match jsonb,
    phone_quality jsonb,
    pre_fill jsonb,

    is_business boolean,
    business_name text,
    business_legal_name text,
    business_type text,
    business_category text,
    business_industry text,
    business_employee_count integer,
    business_employee_range text,
    business_annual_revenue bigint,
    business_revenue_range text,
    business_founded_year integer,
    business_address text,
    business_city text,
    business_state text,
    business_postal_code text,
    business_country text,
    business_website text,
    business_email_domain text,
    business_linkedin_url text,
    business_twitter_handle text,
    business_description text,
    business_tags text[],
    business_tech_stack text[],
    business_phone_location text,
    business_provider text,
    business_confidence integer,
    business_enriched_at timestamptz,
    business_enriched boolean NOT NULL DEFAULT false,

    email text,
    email_status text,
    email_sub_status text,
    email_verified boolean,
    email_score integer,
    email_source text,
    email_provider text,
    email_enriched_at timestamptz,
    email_enriched boolean NOT NULL DEFAULT false,
    additional_emails text[],
    first_name text,
    last_name text,
    full_name text,
    position text,
    department text,
    seniority text,
    linkedin_url text,
    twitter_url text,
    facebook_url text,

    consumer_address text,
    consumer_city text,
    consumer_state text,
    consumer_postal_code text,
    consumer_country text,
    address_type text,
    address_verified boolean,
    address_confidence integer,
    address_provider text,
    address_enriched_at timestamptz,
    address_enriched boolean NOT NULL DEFAULT false,

    -- Generated, so that no writer can leave them stale: any input changes them in the same statement.
    quality_score integer NOT NULL GENERATED ALWAYS AS (greatest(0, least(100,
        CASE WHEN phone_valid THEN 20 ELSE 0 END
        + CASE WHEN email_verified AND email IS NOT NULL THEN 20 WHEN email IS NOT NULL THEN 10 ELSE 0 END
        + CASE WHEN business_enriched THEN 20 ELSE 0 END
        + CASE WHEN full_name IS NOT NULL THEN 15 ELSE 0 END
        + CASE WHEN first_name IS NOT NULL AND last_name IS NOT NULL THEN 5 ELSE 0 END
        + CASE WHEN business_website IS NOT NULL OR linkedin_url IS NOT NULL THEN 10 ELSE 0 END
        + CASE WHEN "position" IS NOT NULL THEN 5 ELSE 0 END
        + CASE sms_pumping_risk_level WHEN 'low' THEN 10 WHEN 'high' THEN -20 ELSE 0 END))) STORED,
    completeness integer NOT NULL GENERATED ALWAYS AS (5 * (1
        + coalesce(phone_valid, false)::integer + (email IS NOT NULL)::integer + coalesce(email_verified, false)::integer
        + (full_name IS NOT NULL)::integer + (first_name IS NOT NULL)::integer + (last_name IS NOT NULL)::integer
        + (business_name IS NOT NULL)::integer + (business_industry IS NOT NULL)::integer
        + (business_employee_range IS NOT NULL)::integer + (business_revenue_range IS NOT NULL)::integer
        + (business_city IS NOT NULL)::integer + (business_website IS NOT NULL)::integer + ("position" IS NOT NULL)::integer
        + (linkedin_url IS NOT NULL)::integer + (carrier_name IS NOT NULL)::integer + (line_type IS NOT NULL)::integer
        + (sms_pumping_risk_level IS NOT NULL)::integer + (caller_name IS NOT NULL)::integer
        + business_enriched::integer)) STORED,
    api_cost numeric(12, 6) NOT NULL DEFAULT 0,
    api_response_time_ms integer,

    error_kind text,
    error_provider text,
    error_code text,
    error_http_status integer,
    error_message text,
    last_attempt_at timestamptz,

    extra jsonb NOT NULL DEFAULT '{}',

    CONSTRAINT contacts_phone_e164_unique UNIQUE (phone_e164),
    CONSTRAINT contacts_completed_was_looked_up CHECK (status <> 'completed' OR lookup_performed_at IS NOT NULL)
) WITH (fillfactor = 85);

-- The three indexes that the operators' daily questions stand on; a test checks the plan of each on a large table.
CREATE INDEX contacts_status_created ON contacts (status, created_at);
CREATE INDEX contacts_unenriched ON contacts (business_enriched, status) WHERE business_enriched = false;
CREATE INDEX contacts_low_quality ON contacts (quality_score, status) WHERE quality_score < 60;
CREATE INDEX contacts_created ON contacts (created_at, id);
CREATE INDEX contacts_quality ON contacts (quality_score, id);

-- The WHEN clause is the table of illegal pairs: a legal write never enters the function.
CREATE FUNCTION refuse_contact_status() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'contact %: status can not go from % to %', NEW.id, OLD.status, NEW.status
        USING ERRCODE = 'check_violation', CONSTRAINT = 'contacts_status_transition';
END $$;

CREATE TRIGGER contacts_status_transition BEFORE UPDATE OF status ON contacts FOR EACH ROW
WHEN ((OLD.status = 'pending' AND NEW.status = 'completed')
   OR (OLD.status = 'completed' AND NEW.status IN ('processing', 'failed'))
   OR (OLD.status = 'failed' AND NEW.status = 'completed'))
EXECUTE FUNCTION refuse_contact_status();

CREATE FUNCTION refuse_new_contact_status() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a new contact can not be processing when its lookup was already performed'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'contacts_status_transition';
END $$;

CREATE TRIGGER contacts_new_status BEFORE INSERT ON contacts FOR EACH ROW
WHEN (NEW.status = 'processing' AND NEW.lookup_performed_at IS NOT NULL)
EXECUTE FUNCTION refuse_new_contact_status();

-- A row per contact and step. blocked and every end are written here; queued and running are read from the job.
CREATE TABLE contact_steps (
    contact_id bigint NOT NULL REFERENCES contacts ON DELETE CASCADE,
    step text NOT NULL,
    state text NOT NULL CHECK (state IN ('blocked', 'queued', 'running', 'done', 'no_data', 'skipped', 'failed', 'dead')),
    reason text,
    provider text,
    attempts integer NOT NULL DEFAULT 0,
    error_kind text,
    error_message text,
    cost numeric(12, 6) NOT NULL DEFAULT 0,
    started_at timestamptz,
    finished_at timestamptz,
    PRIMARY KEY (contact_id, step)
);

-- Raw answers: audit trail and cache at once. request_key names provider, endpoint, normalised input and options.
CREATE TABLE provider_results (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    contact_id bigint NOT NULL REFERENCES contacts ON DELETE CASCADE,
    provider text NOT NULL,
    endpoint text NOT NULL,
    request_key text NOT NULL,
    request_id uuid NOT NULL,
    credential_version text NOT NULL,
    http_status integer NOT NULL,
    body jsonb NOT NULL,
    cost numeric(12, 6) NOT NULL DEFAULT 0,
    took_ms integer NOT NULL,
    fetched_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz
);
CREATE INDEX provider_results_contact ON provider_results (contact_id, fetched_at DESC);
CREATE INDEX provider_results_key ON provider_results (provider, request_key, fetched_at DESC);

-- Contacts by status, exact without counting: folded totals + what waits in contact_deltas. Inserts and deletes are seen
-- by statement triggers; each statement of the program that moves statuses writes its own delta row.
CREATE TABLE contact_totals (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    pending bigint NOT NULL DEFAULT 0,
    processing bigint NOT NULL DEFAULT 0,
    completed bigint NOT NULL DEFAULT 0,
    failed bigint NOT NULL DEFAULT 0
);
INSERT INTO contact_totals DEFAULT VALUES;

CREATE TABLE contact_deltas (
    pending integer NOT NULL DEFAULT 0,
    processing integer NOT NULL DEFAULT 0,
    completed integer NOT NULL DEFAULT 0,
    failed integer NOT NULL DEFAULT 0
) WITH (autovacuum_vacuum_threshold = 2000, autovacuum_vacuum_scale_factor = 0);

CREATE FUNCTION count_contacts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO contact_deltas (pending, processing, completed, failed)
    SELECT sign * count(*) FILTER (WHERE status = 'pending'), sign * count(*) FILTER (WHERE status = 'processing'),
           sign * count(*) FILTER (WHERE status = 'completed'), sign * count(*) FILTER (WHERE status = 'failed')
    FROM touched, (SELECT CASE TG_OP WHEN 'INSERT' THEN 1 ELSE -1 END AS sign) s GROUP BY sign;
    RETURN NULL;
END $$;

CREATE TRIGGER contacts_counted_in AFTER INSERT ON contacts REFERENCING NEW TABLE AS touched
FOR EACH STATEMENT EXECUTE FUNCTION count_contacts();
CREATE TRIGGER contacts_counted_out AFTER DELETE ON contacts REFERENCING OLD TABLE AS touched
FOR EACH STATEMENT EXECUTE FUNCTION count_contacts();
