//! Keys of the screens over a desk: questions, and credentials.

use super::action::Place::{self, Ask, Asked, Credential, Credentials};
use super::registry::{Binding, c, k, row, verb};
use super::{Code, Do, Key};

const SLOTS: &[Place] = &[Credentials, Credential];

/// Their rows of the table.
pub(super) const DESKS: &[Binding] = &[
    row("run", Do::Open, &[k(Code::Enter)], &[Ask], ("next", "the next step: type, run what was understood, send")),
    row(
        "question",
        Do::Type,
        &[c('/')],
        &[Ask, Asked],
        ("ask", "type a question; Up recalls, Tab edits the filter, Esc leaves the line"),
    ),
    row(
        "edit-filter",
        Do::EditFilter,
        &[c('E')],
        &[Ask],
        ("edit", "edit the filter in the line of Contacts, with completion"),
    ),
    row("built-in", Do::BuiltIn, &[c('M')], &[Ask], ("model", "ask a model, or the built-in translator only")),
    row(
        "inspect",
        Do::Inspect,
        &[c('I')],
        &[Ask],
        ("what is sent", "show exactly what is sent, and what was understood word by word"),
    ),
    row(
        "unmask",
        Do::Unmask,
        &[c('U')],
        &[Ask],
        ("", "about contacts: send phone numbers and e-mail addresses as they are, for one question"),
    ),
    row("forget", Do::Forget, &[c('x')], &[Asked], ("forget", "forget what is kept under a name")),
    verb(
        "rotate",
        Do::Mend,
        &[c('r')],
        SLOTS,
        ("rotate", "enter a credential, or its successor: it is verified before it is used"),
    ),
    verb(
        "verify",
        Do::Verify,
        &[c('v')],
        SLOTS,
        ("verify", "ask the provider whether it takes the pending version, else the current one"),
    ),
    verb("activate", Do::Finish, &[c('f')], SLOTS, ("finish", "make the pending version current; its watch begins")),
    verb("roll-back", Do::RollBack, &[c('b')], SLOTS, ("roll back", "go back to the previous version")),
    verb(
        "retire",
        Do::Retire,
        &[c('x')],
        SLOTS,
        ("retire", "end a version for good and forget its secret: the previous one, or the chosen one"),
    ),
    row(
        "keep",
        Do::Keep,
        &[Key::ctrl('s')],
        &[Ask],
        ("keep", "keep what was understood under a name: @name asks it again"),
    ),
];
