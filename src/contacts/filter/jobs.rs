//! Fields of the lists of jobs.

use crate::contacts::fields::{Field, Kind};

const STATES: &[&str] = &["waiting", "scheduled", "running", "dead"];

/// Read as `jobs AS j JOIN contacts AS c ON c.id = j.contact_id`.
pub(super) static JOB_FIELDS: &[Field] = &[
    Field::new("id", "j.id", Kind::Integer),
    Field::new("lane", "j.lane", Kind::Code),
    Field::new("state", "j.state", Kind::Enum(STATES)),
    Field::new("kind", "j.kind", Kind::Code).short(&["step"]),
    Field::new("contact_id", "j.contact_id", Kind::Integer).short(&["contact"]),
    Field::new("priority", "j.priority", Kind::Integer),
    Field::new("attempt", "j.attempt", Kind::Integer).short(&["attempts"]),
    Field::new("node", "(SELECT n.node FROM nodes AS n WHERE n.epoch = j.lease_epoch)", Kind::Text),
    Field::new("last_error", "j.last_error", Kind::Text).short(&["error"]),
    Field::new("created_at", "j.created_at", Kind::Time).short(&["created"]),
    Field::new("run_at", "j.run_at", Kind::Time),
    Field::new("age", "j.created_at", Kind::Age("created_at")).derived(),
    Field::new("phone_e164", "c.phone_e164", Kind::Phone).short(&["phone"]),
    Field::new("full_name", "c.full_name", Kind::Text).short(&["name"]),
    Field::new("business_name", "c.business_name", Kind::Text).short(&["company"]),
];
