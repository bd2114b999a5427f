-- Who has a console open, and on what: each console keeps a row of its own fresh, and takes it out when it is left. What has
-- not been kept fresh has no console any more; anybody may take it out. A login writes its own rows only, a viewer, too.
CREATE TABLE deck (
    id uuid PRIMARY KEY,
    login text NOT NULL DEFAULT session_user,
    name text NOT NULL CHECK (length(name) <= 100),
    node text NOT NULL CHECK (length(node) <= 200),
    door text NOT NULL CHECK (length(door) <= 20),
    since timestamptz NOT NULL DEFAULT now(),
    seen_at timestamptz NOT NULL DEFAULT now(),
    screen text NOT NULL CHECK (length(screen) <= 40),
    chosen text CHECK (length(chosen) <= 200),
    -- The question that is open: what would be done to what, and since when.
    verb text CHECK (length(verb) <= 40),
    target text CHECK (length(target) <= 200),
    asked_since timestamptz,
    CHECK ((verb IS NULL) = (target IS NULL))
);

-- Times are the server's, whatever a client sends.
CREATE FUNCTION keep_deck() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.seen_at := now();
    NEW.asked_since := CASE WHEN NEW.verb IS NULL THEN NULL ELSE now() END;
    IF TG_OP = 'UPDATE' AND NEW.verb IS NOT DISTINCT FROM OLD.verb AND NEW.target IS NOT DISTINCT FROM OLD.target THEN
        NEW.asked_since := OLD.asked_since;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER deck_kept BEFORE INSERT OR UPDATE ON deck FOR EACH ROW EXECUTE FUNCTION keep_deck();

ALTER TABLE deck ENABLE ROW LEVEL SECURITY;
CREATE POLICY deck_seen ON deck FOR SELECT USING (true);
CREATE POLICY deck_entered ON deck FOR INSERT WITH CHECK (login = session_user::text);
CREATE POLICY deck_kept ON deck FOR UPDATE USING (login = session_user::text) WITH CHECK (login = session_user::text);
CREATE POLICY deck_left ON deck FOR DELETE
    USING (login = session_user::text OR seen_at < now() - interval '5 minutes');

-- Whether what is heavy needs a second person in this environment.
ALTER TABLE environment ADD COLUMN second_person boolean NOT NULL DEFAULT false;

-- A person asks another one to agree to exactly this action, within five minutes, once.
CREATE TABLE second_asks (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    asked_at timestamptz NOT NULL DEFAULT now(),
    expires_at timestamptz NOT NULL DEFAULT now() + interval '5 minutes',
    login text NOT NULL DEFAULT session_user,
    name text NOT NULL CHECK (length(name) <= 100),
    claimed jsonb NOT NULL,
    node text NOT NULL,
    door text NOT NULL,
    action jsonb NOT NULL,
    verb text NOT NULL,
    target text NOT NULL,
    things bigint NOT NULL,
    cost_usd double precision NOT NULL,
    sentence text NOT NULL,
    reason text,
    request_id uuid NOT NULL UNIQUE,
    used_at timestamptz
);
CREATE INDEX second_asks_at ON second_asks (asked_at);

-- One answer each; the server says by which login and when.
CREATE TABLE second_answers (
    ask_id bigint PRIMARY KEY REFERENCES second_asks ON DELETE CASCADE,
    at timestamptz NOT NULL DEFAULT now(),
    login text NOT NULL DEFAULT session_user,
    name text NOT NULL CHECK (length(name) <= 100),
    claimed jsonb NOT NULL,
    yes boolean NOT NULL
);

CREATE FUNCTION judge_second_answer() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    asked second_asks;
BEGIN
    SELECT * INTO asked FROM second_asks WHERE id = NEW.ask_id;
    NEW.at := now();
    NEW.login := session_user;
    IF asked.login = NEW.login AND asked.name = NEW.name THEN
        RAISE EXCEPTION 'nobody is their own second person' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF asked.expires_at <= now() OR asked.used_at IS NOT NULL THEN
        RAISE EXCEPTION 'the time for an answer is over' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER second_answers_judged BEFORE INSERT ON second_answers FOR EACH ROW EXECUTE FUNCTION judge_second_answer();

-- What was agreed to is used once, by whoever asked, in time.
CREATE FUNCTION judge_second_use() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.used_at IS NOT NULL OR OLD.login <> session_user OR OLD.expires_at <= now()
       OR NOT EXISTS (SELECT FROM second_answers WHERE ask_id = OLD.id AND yes) THEN
        RAISE EXCEPTION 'nobody agreed to this, or it is over' USING ERRCODE = 'insufficient_privilege';
    END IF;
    NEW.used_at := now();
    RETURN NEW;
END $$;
CREATE TRIGGER second_asks_used BEFORE UPDATE ON second_asks FOR EACH ROW EXECUTE FUNCTION judge_second_use();

-- Whoever leads forgets what is long over, and nothing else.
ALTER TABLE second_asks ENABLE ROW LEVEL SECURITY;
CREATE POLICY second_asks_seen ON second_asks FOR SELECT USING (true);
CREATE POLICY second_asks_asked ON second_asks FOR INSERT WITH CHECK (login = session_user::text);
CREATE POLICY second_asks_used ON second_asks FOR UPDATE USING (true);
CREATE POLICY second_asks_over ON second_asks FOR DELETE USING (expires_at < now() - interval '1 hour');

INSERT INTO role_rules (relation, grantee, privileges) VALUES
    ('deck', 'switchboard_viewer',
     'SELECT, INSERT (id, name, node, door, screen, chosen, verb, target), UPDATE (screen, chosen, verb, target), DELETE'),
    ('second_asks', 'switchboard_viewer', 'SELECT'),
    ('second_asks', 'switchboard_operator',
     'INSERT (name, claimed, node, door, action, verb, target, things, cost_usd, sentence, reason, request_id), UPDATE (used_at), DELETE'),
    ('second_asks', 'switchboard_worker', 'DELETE'),
    ('second_answers', 'switchboard_viewer', 'SELECT'),
    ('second_answers', 'switchboard_operator', 'INSERT (ask_id, name, claimed, yes)');
