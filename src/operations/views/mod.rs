//! The queries behind panes and `--json`: plain data out, nothing is written.
//!
//! Every view is one bounded statement or a few; none counts rows of a large table.

mod access;
mod audit_chain;
mod breakers;
mod chart;
mod credentials;
mod deck;
mod duplicates;
mod fleet;
mod jobs;
mod lanes;
mod past;
mod records;
mod schedules;
mod slots_past;
mod spend;
mod status;
mod throughput;

pub use access::{Access, access};
pub use audit_chain::{AuditChain, audit_chain};
pub use breakers::{BreakerEvent, BreakerView, breaker_history, breakers};
pub use chart::{ChartMark, ChartPoint, ChartSums, ChartView, chart};
pub use credentials::{HolderView, SlotView, VersionView, credentials};
pub use deck::{AskView, ConsoleView, Deck, GONE_AFTER_S, deck, open_question};
pub use duplicates::{PairView, duplicates};
pub use fleet::{LeaderView, NodeView, leader, nodes};
pub use jobs::{FailureView, JobDetail, JobGroup, JobPage, JobRow, dead_groups, job, jobs, jobs_matching};
pub use lanes::{LaneView, SamplePoint, lane_trend, lanes};
pub use past::{Past, past};
pub use records::{AlertView, AuditRow, TimelineRow, alerts, audit, timeline};
pub use schedules::{ScheduleView, schedules};
pub use spend::{SpendRow, spend, unit_costs};
pub use status::{ContactCounts, EnvironmentView, Status, Today, contact_counts, status};
pub use throughput::{ThroughputRow, throughput};
