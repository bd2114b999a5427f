//! The one registry of a contact's columns: names, types, SQL, and what may be done with each.
//!
//! Filters, imports, exports, details and completion are all derived from this table, so a column is added by one row
//! here. Every `sql` is a static text over `contacts AS c`; no value ever becomes part of one.

/// What a column holds, which decides the operators that a filter accepts for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Free text: `:` means contains, in any case.
    Text,
    /// A word of a provider's vocabulary: `:` means is, in any case.
    Code,
    /// A state or province: a known one is asked for in all its spellings, any other is a text.
    State,
    /// A country: asked for in all its spellings.
    Country,
    /// One of these words and nothing else.
    Enum(&'static [&'static str]),
    /// An E.164 number; part of one may be searched.
    Phone,
    /// A whole number.
    Integer,
    /// Money: US dollars with six places.
    Decimal,
    /// True, false, or not known.
    Bool,
    /// An instant, UTC.
    Time,
    /// A day.
    Date,
    /// How long ago the named column's instant was; filters turn it round into that column.
    Age(&'static str),
    /// Several texts; `sql` joins them with `; `.
    List,
    /// A provider's structure: shown and exported, not filtered.
    Json,
}

/// One column, or one value derived from several.
#[derive(Debug, Clone, Copy)]
pub struct Field {
    /// Its name in the database, in JSON and in exports.
    pub name: &'static str,
    /// Shorter names that filters, `--map` and headers take as well.
    pub short: &'static [&'static str],
    /// What it holds.
    pub kind: Kind,
    /// How a query reads it.
    pub sql: &'static str,
    /// Whether a file may fill it.
    pub import: bool,
    /// Whether it is a stored column, and so a column of an export; false for derived values.
    pub stored: bool,
}

impl Field {
    /// Whether `name` is its name or one of its short names, in any case.
    pub fn is_called(&self, name: &str) -> bool {
        self.names().any(|known| known.eq_ignore_ascii_case(name))
    }

    /// Its name, then its short names.
    pub fn names(&self) -> impl Iterator<Item = &'static str> + use<> {
        std::iter::once(self.name).chain(self.short.iter().copied())
    }

    /// Whether a filter may ask for it.
    pub fn filterable(&self) -> bool {
        self.kind != Kind::Json
    }

    pub(crate) const fn new(name: &'static str, sql: &'static str, kind: Kind) -> Field {
        Field { name, short: &[], kind, sql, import: false, stored: true }
    }

    pub(crate) const fn short(mut self, short: &'static [&'static str]) -> Field {
        self.short = short;
        self
    }

    const fn imported(mut self) -> Field {
        self.import = true;
        self
    }

    pub(crate) const fn derived(mut self) -> Field {
        self.stored = false;
        self
    }
}

/// Values of `status`, in the order of a lookup's life.
pub const STATUSES: &[&str] = &["pending", "processing", "completed", "failed"];
/// Values of a step's state.
pub const STEP_STATES: &[&str] = &["blocked", "queued", "running", "done", "no_data", "skipped", "failed", "dead"];
/// Every kind of error that a contact can carry.
pub const ERROR_KINDS: &[&str] = &[
    "invalid_input",
    "no_data",
    "not_supported",
    "auth",
    "quota",
    "rate_limited",
    "pending",
    "timeout",
    "network",
    "tls",
    "upstream_error",
    "invalid_response",
    "circuit_open",
    "configuration",
    "internal",
];
const LINE_TYPES: &[&str] = &[
    "mobile",
    "landline",
    "tollFree",
    "fixedVoip",
    "nonFixedVoip",
    "personal",
    "premium",
    "voicemail",
    "sharedCost",
    "uan",
    "pager",
    "unknown",
];
const LINE_GROUPS: &[&str] = &["mobile", "landline", "voip", "toll_free", "other"];
const CALLER_TYPES: &[&str] = &["BUSINESS", "CONSUMER", "UNDETERMINED"];
const RISK_LEVELS: &[&str] = &["low", "medium", "high"];
const REASSIGNED: &[&str] = &["yes", "no", "no_data_available"];
const EMPLOYEE_RANGES: &[&str] =
    &["1-10", "11-50", "51-200", "201-500", "501-1000", "1001-5000", "5001-10000", "10000+"];
const REVENUE_RANGES: &[&str] = &["$0-$1M", "$1M-$10M", "$10M-$50M", "$50M-$100M", "$100M-$500M", "$500M-$1B", "$1B+"];

/// The contact's own column: its SQL is its name.
macro_rules! columns {
    ($($name:ident $kind:expr $(, $change:ident $(($short:expr))?)*;)*) => {
        &[$(Field::new(stringify!($name), concat!("c.", stringify!($name)), $kind)$(.$change($($short)?))*),*]
    };
}
macro_rules! lists {
    ($($name:ident $(, $change:ident ($short:expr))*;)*) => {
        &[$(Field::new(stringify!($name), concat!("array_to_string(c.", stringify!($name), ", '; ')"), Kind::List)
            $(.$change($short))*),*]
    };
}

use Kind::{Bool, Code, Country, Date, Decimal, Enum, Integer, Json, Phone, State, Text, Time};

static NUMBER: &[Field] = columns! {
    id Integer;
    raw_phone_number Text, short(&["raw"]), imported;
    phone_e164 Phone, short(&["phone", "number"]), imported;
    status Enum(STATUSES);
    created_at Time, short(&["created"]);
    updated_at Time, short(&["updated"]);
    source Text;
    national_format Text;
    phone_valid Bool, short(&["valid"]);
    country_code Country;
    calling_country_code Code;
    line_type Enum(LINE_TYPES), short(&["line"]);
    carrier_name Text, short(&["carrier"]);
    mobile_country_code Code, short(&["mcc"]);
    mobile_network_code Code, short(&["mnc"]);
    caller_name Text, short(&["caller"]);
    caller_type Enum(CALLER_TYPES);
    lookup_performed_at Time, short(&["looked_up"]);
    lookup_note Text;
    package_codes Json;
};
static RISK: &[Field] = columns! {
    sms_pumping_risk_score Integer, short(&["risk_score"]);
    sms_pumping_risk_level Enum(RISK_LEVELS), short(&["risk"]);
    sms_pumping_carrier_risk Code, short(&["carrier_risk"]);
    sms_pumping_number_blocked Bool;
    sms_pumping_number_blocked_last_3_months Bool;
    sms_pumping_number_blocked_date Date;
    sim_swap_last_date Time;
    sim_swap_period Code;
    sim_swap_in_period Bool, short(&["sim_swapped"]);
    reassigned Enum(REASSIGNED);
    reassigned_last_verified Date, short(&["last_verified"]), imported;
    call_forwarding_enabled Bool, short(&["forwarded"]);
    line_status Code;
    identity_match Json;
    phone_quality Json;
    pre_fill Json;
};
static BUSINESS: &[Field] = columns! {
    is_business Bool;
    business_name Text, short(&["company"]), imported;
    business_legal_name Text, imported;
    business_type Code, imported;
    business_category Text, imported;
    business_industry Text, short(&["industry"]), imported;
    business_employee_count Integer, short(&["employees"]), imported;
    business_employee_range Enum(EMPLOYEE_RANGES);
    business_annual_revenue Integer, short(&["revenue"]);
    business_revenue_range Enum(REVENUE_RANGES);
    business_founded_year Integer, short(&["founded"]), imported;
    business_address Text, imported;
    business_city Text, imported;
    business_state State, imported;
    business_postal_code Text, imported;
    business_country Country, imported;
    business_website Text, short(&["website"]), imported;
    business_email_domain Text, short(&["domain"]), imported;
    business_linkedin_url Text, imported;
    business_twitter_handle Text, imported;
    business_description Text, imported;
    business_phone_location Text;
    business_provider Code;
    business_confidence Integer;
    business_enriched_at Time;
    business_enriched Bool;
};
static PERSON: &[Field] = columns! {
    email Text, imported;
    email_status Code;
    email_sub_status Code;
    email_suggestion Text;
    email_verified Bool, short(&["verified"]);
    email_score Integer;
    email_source Code;
    email_provider Code;
    email_enriched_at Time;
    email_enriched Bool;
    first_name Text, imported;
    last_name Text, imported;
    full_name Text, short(&["name"]), imported;
    position Text, imported;
    department Text, imported;
    seniority Text, imported;
    linkedin_url Text, imported;
    twitter_url Text, imported;
    facebook_url Text, imported;
};
static PLACE: &[Field] = columns! {
    consumer_address Text, imported;
    consumer_city Text, imported;
    consumer_state State, imported;
    consumer_postal_code Text, imported;
    consumer_country Country, imported;
    address_type Code;
    address_verified Bool;
    address_confidence Integer;
    address_provider Code;
    address_enriched_at Time;
    address_enriched Bool;
    latitude Decimal;
    longitude Decimal;
    geocoded_at Time;
    geocoding_accuracy Code;
};
static WORTH: &[Field] = columns! {
    quality_score Integer, short(&["quality"]);
    completeness Integer;
    api_cost Decimal, short(&["cost"]);
    api_response_time_ms Integer;
    error_kind Enum(ERROR_KINDS), short(&["error"]);
    error_provider Code;
    error_code Code;
    error_http_status Integer;
    error_message Text;
    last_attempt_at Time;
};
static TWINS: &[Field] = columns! {
    phone_fingerprint Text;
    name_fingerprint Text;
    email_fingerprint Text;
    is_duplicate Bool;
    duplicate_of_id Integer;
    duplicate_confidence Integer;
    duplicate_checked_at Time;
};
static LISTS: &[Field] = lists! {
    validation_errors;
    business_tags, short(&["tags"]);
    business_tech_stack, short(&["tech"]);
    additional_emails;
};
static DERIVED: &[Field] = &[
    Field::new(
        "line_group",
        "CASE c.line_type WHEN 'mobile' THEN 'mobile' WHEN 'landline' THEN 'landline' WHEN 'fixedVoip' THEN 'voip' \
         WHEN 'nonFixedVoip' THEN 'voip' WHEN 'tollFree' THEN 'toll_free' ELSE CASE WHEN c.line_type IS NOT NULL THEN 'other' END END",
        Enum(LINE_GROUPS),
    )
    .derived(),
    Field::new("city", "COALESCE(c.business_city, c.consumer_city)", Text).derived(),
    Field::new("state", "COALESCE(c.business_state, c.consumer_state)", State).derived(),
    Field::new("country", "COALESCE(c.business_country, c.consumer_country, c.country_code)", Country).derived(),
];

/// A step's state: queued and running are read from the live job, everything else from the step's own row. The step
/// `company` is asked for as `company_step`, since `company` is the short name of the business's name.
macro_rules! steps {
    ($($name:literal $step:literal),*) => {
        &[$(Field::new($name, concat!(
            "COALESCE((SELECT CASE live.state WHEN 'running' THEN 'running' ELSE 'queued' END FROM jobs AS live \
             WHERE live.contact_id = c.id AND live.kind = '", $step, "' AND live.state IN ('waiting', 'scheduled', 'running')), \
             (SELECT step.state FROM contact_steps AS step WHERE step.contact_id = c.id AND step.step = '", $step, "'))"
        ), Enum(STEP_STATES)).derived()),*]
    };
}
static STEPS: &[Field] = steps![
    "lookup" "lookup", "carrier_check" "carrier_check", "business" "business", "company_step" "company",
    "email_find" "email_find", "person" "person", "email_verify" "email_verify", "address" "address",
    "duplicates" "duplicates"
];

/// Tables of the registry, in the order of details and exports; `extra` stands apart.
pub(crate) static CONTACT_FIELDS: &[&[Field]] =
    &[NUMBER, RISK, BUSINESS, PERSON, PLACE, LISTS, WORTH, TWINS, DERIVED, STEPS];

/// Every field of a contact.
pub fn all() -> impl Iterator<Item = &'static Field> {
    CONTACT_FIELDS.iter().copied().flatten()
}

/// Stored columns only, in the order of details and exports.
pub fn stored() -> impl Iterator<Item = &'static Field> {
    all().filter(|field| field.stored)
}

/// The field of this name or short name.
pub fn find(name: &str) -> Option<&'static Field> {
    all().find(|field| field.is_called(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn every_name_and_short_name_stands_for_one_field_only() {
        let names: Vec<_> = all().flat_map(Field::names).collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
    }

    #[test]
    fn every_column_of_the_table_is_in_the_registry_and_nothing_else() {
        let schema = include_str!("../../migrations/0001_contacts.sql");
        let pipeline =
            include_str!("../../migrations/0010_pipeline.sql").split("ALTER TABLE contacts\n").nth(1).unwrap();
        let later = [include_str!("../../migrations/0009_provider_prices.sql"), pipeline.split(';').next().unwrap()];
        let added =
            later.iter().flat_map(|sql| sql.split("ADD COLUMN ").skip(1)).filter_map(|rest| rest.split(' ').next());
        let table = schema.split("CREATE TABLE contacts (").nth(1).unwrap().split("\n)").next().unwrap();
        let columns: BTreeSet<_> = table
            .lines()
            .filter_map(|line| line.strip_prefix("    ")?.split(' ').next())
            .filter(|word| word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_'))
            .filter(|word| !word.is_empty() && *word != "extra")
            .chain(added)
            .collect();
        assert_eq!(stored().map(|f| f.name).collect::<BTreeSet<_>>(), columns);
    }

    #[test]
    fn the_short_names_of_the_contract_are_known() {
        for (short, name) in [
            ("phone", "phone_e164"),
            ("name", "full_name"),
            ("company", "business_name"),
            ("website", "business_website"),
            ("quality", "quality_score"),
            ("created", "created_at"),
        ] {
            assert_eq!(find(short).map(|f| f.name), Some(name));
        }
        assert!(["email", "city", "state", "country"].into_iter().all(|name| find(name).is_some()));
    }
}
