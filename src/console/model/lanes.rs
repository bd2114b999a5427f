//! The Lanes screen: the list of lanes, the jobs of one, one job.

use crate::console::effect::Query;
use crate::console::model::{List, Marks, Page, Search};
use crate::operations::views::LaneView;

/// Rows of a page of jobs.
const PAGE: i64 = 200;
/// Newest dead jobs that are looked through for one error.
const GROUP_PAGE: i64 = 1000;

/// How deep the screen is open.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Level {
    /// The list of lanes.
    #[default]
    Lanes,
    /// Jobs of the selected lane.
    Jobs,
    /// One job.
    Job(i64),
}

/// Job states, in the order of their tabs.
pub const JOB_TABS: [&str; 4] = ["waiting", "scheduled", "running", "dead"];

/// The Lanes screen. The Overview shares its selection.
#[derive(Debug, Clone, Default)]
pub struct Lanes {
    /// Lanes by name.
    pub list: List<String>,
    /// How deep the screen is open.
    pub level: Level,
    /// Index of [`JOB_TABS`].
    pub tab: usize,
    /// Jobs by number.
    pub jobs: List<i64>,
    /// Which page of jobs.
    pub page: Page,
    /// Groups of dead jobs by error.
    pub groups: List<String>,
    /// The group whose jobs are shown.
    pub group: Option<String>,
    /// Marked jobs.
    pub marks: Marks,
    /// The filter line.
    pub search: Search,
    /// The filter that is applied: the last text of its line that was understood.
    pub filter: String,
    /// What of the line is not understood.
    pub wrong: Option<String>,
    /// In which order lanes stand.
    pub order: LaneOrder,
}

impl Lanes {
    /// The state whose jobs are shown.
    pub fn state(&self) -> &'static str {
        JOB_TABS[self.tab.min(JOB_TABS.len() - 1)]
    }

    /// Whether dead jobs are shown by their error.
    pub fn grouped(&self) -> bool {
        self.state() == "dead" && self.group.is_none() && self.filter.is_empty()
    }

    /// What the pane wants to know.
    pub fn wanted(&self, zone: chrono_tz::Tz) -> Option<Query> {
        if let Level::Job(id) = self.level {
            return Some(Query::Job(id));
        }
        let lane = self.list.id.clone()?;
        if self.grouped() {
            return Some(Query::Groups(lane));
        }
        let limit = if self.group.is_some() { GROUP_PAGE } else { PAGE };
        let filter = self.filter.clone();
        Some(Query::Jobs { lane, state: self.state(), filter, before: self.page.at, limit, zone })
    }

    /// Back to the begin of the first tab's jobs, as for another lane.
    pub fn reset_jobs(&mut self) {
        let kept = (self.list.clone(), self.level.clone(), self.tab, self.order);
        *self = Lanes::default();
        (self.list, self.level, self.tab, self.order) = kept;
    }
}

/// Parked and paused work first, then by depth, idle ones last.
fn lane_rank(lane: &LaneView) -> (u8, i64) {
    let work = lane.depth + lane.running + lane.scheduled;
    let class = match (lane.state.as_str(), work) {
        ("parked", 1..) => 0,
        ("paused", _) => 1,
        ("ramping", _) => 2,
        ("parked", _) if lane.reason.as_deref().is_some_and(|reason| reason.starts_with("no_credential")) => 6,
        ("parked", _) => 4,
        (_, 1..) => 3,
        _ => 5,
    };
    (class, -lane.depth)
}

/// An order of lanes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum LaneOrder {
    /// Parked and paused work first, idle lanes last.
    #[default]
    Worst,
    /// By name.
    Name,
    /// Deepest first.
    Depth,
    /// Longest wait first.
    Oldest,
    /// Busiest first.
    Rate,
    /// Most dead jobs first.
    Dead,
}

impl LaneOrder {
    /// All of them with their words.
    pub const ALL: [(LaneOrder, &str); 6] = [
        (LaneOrder::Worst, "worst first"),
        (LaneOrder::Name, "name"),
        (LaneOrder::Depth, "depth"),
        (LaneOrder::Oldest, "oldest wait"),
        (LaneOrder::Rate, "jobs done a second"),
        (LaneOrder::Dead, "dead jobs"),
    ];

    /// Puts rows in this order; equal ones by name.
    pub fn sort(self, rows: &mut [&LaneView]) {
        rows.sort_by(|a, b| a.lane.cmp(&b.lane));
        match self {
            LaneOrder::Worst => rows.sort_by_key(|l| lane_rank(l)),
            LaneOrder::Name => {}
            LaneOrder::Depth => rows.sort_by_key(|l| -l.depth),
            LaneOrder::Oldest => rows.sort_by_key(|l| -l.oldest_s.unwrap_or(-1)),
            LaneOrder::Rate => rows.sort_by(|a, b| b.done_per_s.unwrap_or(0.0).total_cmp(&a.done_per_s.unwrap_or(0.0))),
            LaneOrder::Dead => rows.sort_by_key(|l| -l.dead),
        }
    }
}
