//! The Lanes screen: the list of lanes, the jobs of one, one job.

use crate::console::effect::Query;
use crate::console::model::{List, Page};
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
#[derive(Debug, Clone, Default, PartialEq, Eq)]
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
}

impl Lanes {
    /// The state whose jobs are shown.
    pub fn state(&self) -> &'static str {
        JOB_TABS[self.tab.min(JOB_TABS.len() - 1)]
    }

    /// Whether dead jobs are shown by their error.
    pub fn grouped(&self) -> bool {
        self.state() == "dead" && self.group.is_none()
    }

    /// What the pane wants to know.
    pub fn wanted(&self) -> Option<Query> {
        if let Level::Job(id) = self.level {
            return Some(Query::Job(id));
        }
        let lane = self.list.id.clone()?;
        if self.grouped() {
            return Some(Query::Groups(lane));
        }
        let limit = if self.group.is_some() { GROUP_PAGE } else { PAGE };
        Some(Query::Jobs { lane, state: self.state(), before: self.page.at, limit })
    }

    /// Back to the begin of the first tab's jobs, as for another lane.
    pub fn reset_jobs(&mut self) {
        let kept = (self.list.clone(), self.level.clone(), self.tab);
        *self = Lanes::default();
        (self.list, self.level, self.tab) = kept;
    }
}

/// The order of lanes: parked and paused work first, then by depth, idle ones last.
pub fn lane_rank(lane: &LaneView) -> (u8, i64) {
    let work = lane.depth + lane.running + lane.scheduled;
    let class = match (lane.state.as_str(), work) {
        ("parked", 1..) => 0,
        ("paused", _) => 1,
        ("ramping", _) => 2,
        ("parked", _) => 4,
        (_, 1..) => 3,
        _ => 5,
    };
    (class, -lane.depth)
}
