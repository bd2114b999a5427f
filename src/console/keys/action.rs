//! What a key can do, and where.

/// What a key does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Do {
    /// Show a screen.
    Show(crate::console::model::Screen),
    /// Back to the screen before.
    LastScreen,
    /// Open or close the help.
    Help,
    /// Type a command.
    Palette,
    /// Go one level back, or ask to quit.
    Back,
    /// Close, clear, go one level back; never quits.
    Escape,
    /// Quit after a drain.
    Quit,
    /// Stop claiming, hand back, suspend.
    Suspend,
    /// Repaint everything.
    Repaint,
    /// Fetch now.
    Refresh,
    /// Hold the picture, or go on.
    Freeze,
    /// Take back the last action.
    Undo,
    /// Move the selection up.
    Up,
    /// Move the selection down.
    Down,
    /// Half a page up.
    PageUp,
    /// Half a page down.
    PageDown,
    /// To the first row.
    First,
    /// To the last row.
    Last,
    /// Open what is selected.
    Open,
    /// Next tab or pane.
    Next,
    /// Tab or pane before.
    Previous,
    /// Edit the filter.
    Filter,
    /// Next row that matches what was searched for.
    NextMatch,
    /// The row before that matches.
    PreviousMatch,
    /// Mark the row.
    Mark,
    /// Begin or end a range of marks.
    Range,
    /// Mark all that match.
    MarkAll,
    /// Choose the order.
    Sort,
    /// What can be done with the row or the marks.
    Actions,
    /// Copy something of the row.
    Copy,
    /// Why it is as it is.
    Why,
    /// Write what matches to a file.
    Save,
    /// Retry, reset, rotate: the mending verb.
    Mend,
    /// Take jobs out: cancel live ones, discard dead ones.
    TakeOut,
    /// Change who is claimed first.
    Priority,
    /// Pause or resume the lane.
    Pause,
    /// One job more at once.
    More,
    /// One job less at once.
    Less,
    /// Hold the breaker open.
    HoldOpen,
    /// Hold the breaker closed.
    HoldClosed,
    /// Back to automatic.
    Automatic,
    /// Type a question.
    Type,
    /// Edit the filter that a question became.
    EditFilter,
    /// Ask a model, or the built-in translator.
    BuiltIn,
    /// Send numbers and addresses as they are, or masked.
    Unmask,
    /// Show exactly what is sent.
    Inspect,
    /// Keep a filter under a name.
    Keep,
    /// Forget what is kept under a name.
    Forget,
    /// Ask the provider whether it takes a credential.
    Verify,
    /// Make the pending version of a credential the current one.
    Finish,
    /// Back to the previous version of a credential.
    RollBack,
    /// End a version of a credential for good.
    Retire,
    /// Look contacts up.
    LookUp,
    /// Plan the steps of contacts anew.
    Enrich,
    /// Set fields of a contact by hand.
    Fields,
    /// Import a file.
    Import,
    /// Start a demo in its own database.
    Demo,
    /// How far back the chart reaches.
    ChartRange,
    /// Times absolute or as ages.
    Times,
    /// Follow the newest log line.
    Follow,
    /// Long lines in full or cut.
    Wrap,
    /// The least severe level that the log shows.
    Level,
    /// The mouse on or off.
    Mouse,
    /// Choose a theme.
    Theme,
    /// Imports and exports under way.
    Works,
    /// One step back in time.
    Earlier,
    /// One step on in time.
    Later,
    /// Back to the present.
    Live,
    /// Others on deck: answer who asks, or see who is there.
    Deck,
    /// Ask the others for a second person.
    Second,
}

/// Where a key works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Everywhere but in text fields and dialogs.
    Anywhere,
    /// Wherever rows can be selected.
    Lists,
    /// That screen.
    Overview,
    /// That screen, its list of lanes.
    Lanes,
    /// The jobs of a lane.
    Jobs,
    /// One job.
    Job,
    /// That screen.
    Breakers,
    /// That screen.
    Contacts,
    /// One contact.
    Contact,
    /// Questions.
    Ask,
    /// Questions of the past, and those that are kept.
    Asked,
    /// All credential slots.
    Credentials,
    /// One slot with its versions.
    Credential,
    /// The timeline's events.
    Timeline,
    /// The log.
    Logs,
    /// What people did.
    Audit,
    /// That screen.
    Fleet,
    /// That screen.
    Usage,
    /// A question before what is heavy.
    Question,
}

/// All places with the words of the help.
pub const PLACES: [(Place, &str); 19] = [
    (Place::Overview, "Overview"),
    (Place::Lanes, "Lanes"),
    (Place::Jobs, "Jobs of a lane"),
    (Place::Job, "One job"),
    (Place::Breakers, "Breakers"),
    (Place::Contacts, "Contacts"),
    (Place::Contact, "One contact"),
    (Place::Ask, "Ask"),
    (Place::Asked, "Questions asked and kept"),
    (Place::Credentials, "Credentials"),
    (Place::Credential, "One credential"),
    (Place::Timeline, "Timeline"),
    (Place::Logs, "Logs"),
    (Place::Audit, "Audit"),
    (Place::Fleet, "Fleet"),
    (Place::Usage, "Usage"),
    (Place::Question, "A heavy question"),
    (Place::Lists, "Lists"),
    (Place::Anywhere, "Anywhere"),
];
