//! All that can happen to the console.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

use chrono::{DateTime, Utc};
use zeroize::Zeroizing;

use super::desks::{AskSaid, CredentialSaid};
use super::effect::Answer;
use super::keys::{Key, Keymap};
use super::model::{PaperLine, Reading, Step};
use crate::operations::actions::{Plan, Receipt};
use crate::operations::imports::Seen;
use crate::operations::views::{Deck, SamplePoint, Status, TimelineRow};
use crate::telemetry::LogLine;

/// What the Overview and every header stand on; one whole snapshot.
#[derive(Debug, Clone, PartialEq)]
pub struct Pulse {
    /// When it was read.
    pub at: DateTime<Utc>,
    /// Everything at one glance.
    pub status: Status,
    /// Samples of the last [`TREND_MINUTES`].
    pub trend: Vec<SamplePoint>,
    /// The newest lines of the timeline, newest first.
    pub recent: Vec<TimelineRow>,
    /// What a call to each provider costs on average, in USD.
    pub costs: BTreeMap<String, f64>,
    /// Who has a console open, and who asks for a second person; nobody in the past.
    pub deck: Deck,
}

/// How far back trends and the chart reach.
pub const TREND_MINUTES: i32 = 10;

/// One thing that happened.
#[derive(Debug, Clone)]
pub enum Msg {
    /// A key was pressed.
    Key(Key),
    /// Text was pasted.
    Paste(Pasted),
    /// The terminal has this many columns and rows now.
    Resize(u16, u16),
    /// A snapshot of the whole.
    Pulse(Arc<Pulse>),
    /// The snapshot could not be read.
    PulseFailed {
        /// When.
        at: DateTime<Utc>,
        /// Why, as a sentence.
        error: String,
    },
    /// An answer to the question with this number.
    Answer {
        /// The question's number.
        id: u64,
        /// When it was read.
        at: DateTime<Utc>,
        /// The data, or why there is none.
        result: Result<Arc<Answer>, String>,
    },
    /// What was read aside, or why there is nothing.
    Paper(Reading, Result<Vec<PaperLine>, String>),
    /// What a wish would touch, or why it can't be.
    Planned(Result<Box<Plan>, String>),
    /// The others were asked for a second person: the number, and until when; or why not.
    SecondAsked(Result<(i64, DateTime<Utc>), String>),
    /// What was done, or why not.
    Done(Result<Receipt, String>),
    /// What the desk said to the question with this number; 0: nobody waits for it.
    Asked(u64, Result<AskSaid, String>),
    /// What the desk of credentials said.
    Credential(Result<CredentialSaid, String>),
    /// The newest lines of the log, newest first.
    Logs(Vec<Arc<LogLine>>),
    /// What was drawn last is on its way to the terminal.
    Shown,
    /// A second has passed.
    Tick,
    /// Somebody asks the process to end: drain and leave.
    Stop,
    /// The drain is complete.
    Drained,
    /// Back from a suspension.
    Resumed,
    /// The link's throughput was measured, in bytes a second.
    Measured(u32),
    /// The state at a moment, or why it can't be told.
    Past(DateTime<Utc>, Result<Arc<Pulse>, String>),
    /// How far a work is.
    Step(u64, Step),
    /// A work has ended: what came of it.
    Ended(u64, Result<String, String>),
    /// What other processes of this machine import into this database, oldest first.
    Others(Vec<Seen>),
    /// The mouse: what lies under it, and what it did there.
    Mouse(Gesture, Option<Spot>),
    /// The user's files changed: keys, or why they are not used.
    Keys(Result<Arc<Keymap>, String>),
    /// The text that an editor left, or why there is none.
    Edited(Result<String, String>),
    /// How a recording went.
    Recorded(Result<String, String>),
    /// A theme is in use, or why not.
    Themed(Result<String, String>),
    /// Names of the themes that can be chosen.
    Themes(Vec<String>),
}

/// What was pasted: it may be a secret, so it is never printed, and overwritten when it goes.
#[derive(Clone, PartialEq, Eq)]
pub struct Pasted(Zeroizing<String>);

impl From<String> for Pasted {
    fn from(text: String) -> Pasted {
        Pasted(Zeroizing::new(text))
    }
}

impl From<&str> for Pasted {
    fn from(text: &str) -> Pasted {
        text.to_owned().into()
    }
}

impl fmt::Debug for Pasted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pasted")
    }
}

impl Deref for Pasted {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// What the mouse did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gesture {
    /// The left button.
    Click,
    /// The wheel, away.
    WheelUp,
    /// The wheel, towards.
    WheelDown,
}

/// What lies under the mouse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spot {
    /// A tab.
    Screen(super::model::Screen),
    /// A row of the list or menu in focus.
    Row(usize),
}
