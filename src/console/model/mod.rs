//! What the console knows. Plain data with one owner: the loop.

mod ask;
mod breakers;
mod contacts;
mod credentials;
mod deck;
mod dialog;
mod kept;
mod lanes;
mod list;
mod marks;
mod menu;
mod palette;
mod paper;
mod past;
mod prompt;
mod search;
mod timeline;
pub mod trend;
mod works;

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

pub use ask::{About, AskPane, AskTab, LINE_MAX, QUESTIONS_MAX, Waiting};
pub use breakers::{BreakerOrder, Breakers};
pub use contacts::{Contacts, Editing};
pub use credentials::{CredentialsPane, Doing, Entering, Hidden};
pub use deck::{Beside, Standing, standing};
pub use dialog::{Dialog, Field, FieldKind, Focus, holds};
pub use lanes::{JOB_TABS, LaneOrder, Lanes, Level};
pub use list::{List, Move, window};
pub use marks::Marks;
pub use menu::{Item, Menu, Pick};
pub use palette::{HISTORY_MAX, Palette};
pub use paper::{Paper, PaperLine, Reading};
pub use past::{Past, stride};
pub use prompt::{Ask, Prompt};
pub use search::Search;
pub use timeline::{LEVELS, Page, Timeline, TimelineTab};
pub use works::{Step, WORKS_MAX, Work};

use super::effect::{Answer, Loaded, Query};
use super::keys::{Keymap, Place};
use super::message::{Pulse, TREND_MINUTES};
use crate::breakers::Rules;
use crate::database::Rights;
use crate::fleet::alerts::Thresholds;
use crate::operations::views::{BreakerView, LaneView, NodeView};

/// How far back the chart can reach, in minutes and in words.
pub const RANGES: [(i32, &str); 5] =
    [(TREND_MINUTES, "10 min"), (60, "1 h"), (360, "6 h"), (1_440, "24 h"), (10_080, "7 days")];

/// Days of usage that are shown at first.
const USAGE_DAYS: i32 = 31;

/// A screen, by the digit that shows it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Screen {
    /// Everything at one glance.
    #[default]
    Overview,
    /// Lanes and their jobs.
    Lanes,
    /// Breakers and their history.
    Breakers,
    /// Contacts by filter and page.
    Contacts,
    /// Questions in plain words.
    Ask,
    /// Credentials and their versions.
    Credentials,
    /// Timeline, logs, audit.
    Timeline,
    /// Nodes and the leader.
    Fleet,
    /// Calls and cost.
    Usage,
}

/// All screens with their keys and names, in the order of the tabs.
pub const SCREENS: [(Screen, char, &str); 9] = [
    (Screen::Overview, '1', "Overview"),
    (Screen::Lanes, '2', "Lanes"),
    (Screen::Breakers, '3', "Breakers"),
    (Screen::Contacts, '4', "Contacts"),
    (Screen::Ask, '5', "Ask"),
    (Screen::Credentials, '6', "Credentials"),
    (Screen::Timeline, '7', "Timeline"),
    (Screen::Fleet, '8', "Fleet"),
    (Screen::Usage, '9', "Usage"),
];

/// What does not change while the console runs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Facts {
    /// Who acts.
    pub actor: String,
    /// Lines about this environment, shown when nothing else is to be said.
    pub notes: Vec<String>,
    /// Nothing may be changed.
    pub read_only: bool,
    /// What the database lets this login do; none where nobody asked.
    pub rights: Option<Rights>,
    /// Numbers instead of charts, slower updates.
    pub slow: bool,
    /// What the link was measured to carry, in bytes a second.
    pub link: Option<u32>,
    /// This console's number on deck; none: it is not listed.
    pub deck: Option<uuid::Uuid>,
    /// The keys that hold here.
    pub keymap: Arc<Keymap>,
    /// Names of all themes that can be chosen.
    pub themes: Vec<String>,
    /// How lookups are made: packages and attempts of the settings.
    pub lookup: (String, crate::operations::actions::Limits),
    /// Rules of breakers, by name, where the settings differ from the defaults.
    pub rules: BTreeMap<String, Rules>,
    /// From where on depths and waits are marked: those of the alerts.
    pub thresholds: Thresholds,
    /// Whose days a filter means.
    pub zone: chrono_tz::Tz,
    /// Slots whose credential this process's environment gives.
    pub of_environment: Vec<&'static str>,
    /// Whether imports go on when the console is left.
    pub goes_on: bool,
}

/// Something that lies over the screen.
#[derive(Debug, Clone, PartialEq)]
pub enum Overlay {
    /// The keys that work here: lines that are scrolled away, and what is searched for.
    Help(u16, String),
    /// A line to type a command in.
    Palette(Box<Palette>),
    /// What was read aside.
    Paper(Box<Paper>),
    /// Something to choose.
    Menu(Menu),
    /// A name to type.
    Prompt(Box<Prompt>),
    /// The fields of a credential.
    Entering(Box<Entering>),
    /// A question before an action.
    Confirm(Box<Dialog>),
    /// Whether to leave.
    Quit,
}

/// One line about what was just done, or why not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toast {
    /// The sentence.
    pub text: String,
    /// Whether it tells of a failure.
    pub bad: bool,
    /// When it goes away.
    pub until: DateTime<Utc>,
}

/// Since when the database does not answer, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failing {
    /// Since when.
    pub since: DateTime<Utc>,
    /// The last error.
    pub error: String,
}

/// Everything that the console knows.
#[derive(Debug, Clone, Default)]
pub struct Model {
    /// What does not change.
    pub facts: Facts,
    /// Columns and rows of the terminal.
    pub size: (u16, u16),
    /// The time that durations are counted to: that of the data, never ahead of it.
    pub clock: DateTime<Utc>,
    /// The last snapshot, and when none came.
    pub pulse: Option<Arc<Pulse>>,
    /// Set while the database does not answer.
    pub failing: Option<Failing>,
    /// Age of the snapshot in seconds, when it is older than two intervals.
    pub stale: Option<i64>,
    /// What is shown, and what was before.
    pub screen: Screen,
    /// The screen before.
    pub last_screen: Screen,
    /// What lies over it.
    pub overlay: Option<Overlay>,
    /// The line about what was just done.
    pub toast: Option<Toast>,
    /// Audit number of the last action of this console that can be taken back.
    pub undo: Option<i64>,
    /// The command that does the same as the last action of this console.
    pub twin: Option<String>,
    /// The past that is shown.
    pub past: Option<Past>,
    /// Commands that were run, the newest last.
    pub history: Vec<String>,
    /// Imports and exports, the newest last.
    pub works: Vec<Work>,
    /// Whether the mouse is heard.
    pub mouse: bool,
    /// Which of several incidents the Overview shows.
    pub incident: usize,
    /// Which of [`RANGES`] the chart of the Overview shows.
    pub range: usize,
    /// Since when the picture is held.
    pub frozen: Option<DateTime<Utc>>,
    /// Since when the drain runs.
    pub leaving: Option<DateTime<Utc>>,
    /// Times as ages instead of clock times.
    pub ages: bool,
    /// Per screen.
    pub lanes: Lanes,
    /// Per screen.
    pub breakers: Breakers,
    /// Per screen.
    pub contacts: Contacts,
    /// Per screen.
    pub ask: AskPane,
    /// Per screen.
    pub credentials: CredentialsPane,
    /// Per screen.
    pub timeline: Timeline,
    /// Nodes by their epoch.
    pub fleet: List<i64>,
    /// Days of usage, by their row.
    pub usage: List<usize>,
    /// How many days of usage are shown.
    pub usage_days: i32,
    /// The question in the pane in focus, with its number and its answer.
    pub asked: (u64, Option<Loaded>),
    /// Answers to other questions, the newest last: they are shown while the database does not answer.
    pub kept: Vec<Loaded>,
}

impl Model {
    /// A console that knows nothing yet.
    pub fn new(facts: Facts, size: (u16, u16), now: DateTime<Utc>) -> Model {
        Model { facts, size, clock: now, usage_days: USAGE_DAYS, ..Model::default() }
    }

    /// Lanes in the chosen order: at first the worst first, those without work last.
    pub fn lane_rows(&self) -> Vec<&LaneView> {
        let mut rows: Vec<&LaneView> = self.pulse.iter().flat_map(|p| &p.status.lanes).collect();
        self.lanes.order.sort(&mut rows);
        rows
    }

    /// The selected lane.
    pub fn lane(&self) -> Option<&LaneView> {
        let id = self.lanes.list.id.as_deref()?;
        self.pulse.as_ref()?.status.lanes.iter().find(|l| l.lane == id)
    }

    /// Breakers, the worst first, as the database orders them; those that guard no lane last.
    pub fn breaker_rows(&self) -> Vec<&BreakerView> {
        let mut rows: Vec<&BreakerView> = self.pulse.iter().flat_map(|p| &p.status.breakers).collect();
        self.breakers.order.sort(&mut rows);
        rows
    }

    /// The breaker that a verb means: the selected one, or that of the selected lane on the Overview.
    pub fn breaker(&self) -> Option<&BreakerView> {
        match self.screen {
            Screen::Breakers => {
                self.breaker_rows().into_iter().find(|b| Some(&b.name) == self.breakers.list.id.as_ref())
            }
            _ => self.incident_shown(),
        }
    }

    /// Breakers that are not closed of themselves, the worst first.
    pub fn incidents(&self) -> Vec<&BreakerView> {
        let mut rows: Vec<&BreakerView> = self.pulse.iter().flat_map(|p| &p.status.breakers).collect();
        rows.retain(|b| b.state != "closed");
        BreakerOrder::Worst.sort(&mut rows);
        rows
    }

    /// The incident that the Overview shows.
    pub fn incident_shown(&self) -> Option<&BreakerView> {
        let all = self.incidents();
        all.get(self.incident.checked_rem(all.len())?).copied()
    }

    /// Where keys are looked up.
    pub fn place(&self) -> Place {
        match (self.screen, &self.lanes.level) {
            (Screen::Overview, _) => Place::Overview,
            (Screen::Lanes, Level::Lanes) => Place::Lanes,
            (Screen::Lanes, Level::Jobs) => Place::Jobs,
            (Screen::Lanes, Level::Job(_)) => Place::Job,
            (Screen::Breakers, _) => Place::Breakers,
            (Screen::Contacts, _) if self.contacts.open.is_some() => Place::Contact,
            (Screen::Contacts, _) => Place::Contacts,
            (Screen::Ask, _) if self.ask.tab.is_list() => Place::Asked,
            (Screen::Ask, _) => Place::Ask,
            (Screen::Credentials, _) if self.credentials.open => Place::Credential,
            (Screen::Credentials, _) => Place::Credentials,
            (Screen::Timeline, _) => match self.timeline.tab {
                TimelineTab::Events => Place::Timeline,
                TimelineTab::Logs => Place::Logs,
                TimelineTab::Audit => Place::Audit,
            },
            (Screen::Fleet, _) => Place::Fleet,
            (Screen::Usage, _) => Place::Usage,
        }
    }

    /// What the pane in focus wants to know.
    pub fn wanted(&self) -> Option<Query> {
        match self.screen {
            Screen::Overview => self.chart_minutes().map(Query::Chart),
            Screen::Lanes => self.lanes.wanted(self.facts.zone),
            Screen::Breakers => self.breakers.list.id.clone().map(Query::History),
            Screen::Contacts => Some(self.contacts.wanted(self.facts.zone)),
            Screen::Ask => None,
            Screen::Credentials => Some(Query::Credentials(self.facts.of_environment.clone())),
            Screen::Timeline => match self.timeline.tab {
                TimelineTab::Logs => None,
                TimelineTab::Events => Some(Query::Timeline(self.timeline.page.at.or(self.past_event()))),
                TimelineTab::Audit => Some(Query::Audit(self.timeline.audit_page.at)),
            },
            Screen::Fleet => None,
            Screen::Usage => Some(Query::Spend(self.usage_days)),
        }
    }

    /// The number behind the newest event of the past that is shown: its timeline ends there.
    fn past_event(&self) -> Option<i64> {
        let known = self.past.as_ref().is_some_and(|past| past.known);
        self.pulse.as_ref().filter(|_| known)?.recent.first().map(|row| row.id + 1)
    }

    /// How far back the chart reaches, where that is further than what every snapshot brings; the past keeps to that.
    pub fn chart_minutes(&self) -> Option<i32> {
        RANGES.get(self.range).map(|range| range.0).filter(|_| self.range > 0 && self.past.is_none())
    }

    /// Nodes: present ones first.
    pub fn node_rows(&self) -> &[NodeView] {
        self.pulse.as_ref().map_or(&[], |p| &p.status.nodes)
    }

    /// The last answer to the present question.
    pub fn answer(&self) -> Option<&Answer> {
        self.asked.1.as_ref()?.answer.as_deref()
    }

    /// Whether work or an incident is going on, so that durations are worth their bytes.
    pub fn busy(&self) -> bool {
        let Some(pulse) = &self.pulse else { return false };
        let working = pulse.status.lanes.iter().any(|l| l.running > 0 || l.scheduled > 0 || l.depth > 0);
        working || !self.incidents().is_empty()
    }

    /// Jobs in flight in the whole fleet.
    pub fn in_flight(&self) -> i64 {
        self.pulse.as_ref().map_or(0, |p| p.status.lanes.iter().map(|l| l.running).sum())
    }

    /// Says a sentence for nine seconds.
    pub fn say(&mut self, text: impl Into<String>, bad: bool, now: DateTime<Utc>) {
        self.toast = Some(Toast { text: text.into(), bad, until: now + TimeDelta::seconds(9) });
    }
}
