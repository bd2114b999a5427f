//! A slot as it was at a moment, out of what its versions' rows remember.

use chrono::{DateTime, Utc};

use super::{SlotView, VersionView};
use crate::vault::State;

impl SlotView {
    /// The versions that were there at that moment, with the state that they had; who held them then is not kept.
    pub fn as_of(&self, at: DateTime<Utc>) -> SlotView {
        let mut versions: Vec<VersionView> =
            self.versions.iter().filter(|v| v.version.entered.set_at <= at).map(|v| then(v, at)).collect();
        let ended = |v: &VersionView| v.version.life.ended_at.filter(|_| v.version.state == State::Previous);
        // One version at most is kept for the way back: the one that ended last.
        let newest = versions.iter().filter_map(ended).max();
        for view in &mut versions {
            if view.version.state == State::Previous && view.version.life.ended_at != newest {
                view.version.state = State::Retired;
            }
        }
        let current = versions.iter().find(|v| v.version.state == State::Current).map(|v| v.version.label());
        let (source, version) = match (self.source, &current) {
            ("env", _) => ("env", self.version.clone()),
            (_, Some(label)) => ("vault", Some(label.clone())),
            _ => ("none", None),
        };
        SlotView { source, version, note: None, versions, nodes: Vec::new(), ..self.clone() }
    }
}

fn then(view: &VersionView, at: DateTime<Utc>) -> VersionView {
    let mut view = view.clone();
    let version = &mut view.version;
    let before = |time: Option<DateTime<Utc>>| time.is_some_and(|time| time <= at);
    let (activated, ended) = (before(version.life.activated_at), before(version.life.ended_at));
    version.state = match (activated, ended, version.state) {
        (_, true, State::Refused) => State::Refused,
        (true, true, _) => State::Previous,
        (false, true, _) => State::Retired,
        (true, false, _) => State::Current,
        (false, false, _) => State::Pending,
    };
    if !ended {
        (version.life.ended_at, version.life.ended_why) = (None, None);
    }
    if !before(version.seen.verified_at) {
        (version.seen.verified_at, version.seen.verdict, version.seen.verdict_detail) = (None, None, None);
    }
    version.seen.last_used_at = version.seen.last_used_at.filter(|used| *used <= at);
    view
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::vault::Version;
    use crate::vault::version::{Entered, Life, Seen};

    fn at(minute: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::minutes(minute)
    }

    fn version(number: i32, state: State, activated: Option<i64>, ended: Option<i64>) -> VersionView {
        let entered = Entered {
            set_by: "ada".into(),
            set_login: "ada".into(),
            set_at: at(i64::from(number) * 10),
            expires_at: None,
        };
        let life = Life {
            activated_at: activated.map(at),
            watch_until: None,
            watched_at: None,
            ended_at: ended.map(at),
            ended_why: ended.map(|_| "turned".into()),
        };
        let seen = Seen { last_used_at: Some(at(99)), verified_at: Some(at(99)), verdict: None, verdict_detail: None };
        let version = Version {
            id: 1,
            slot: "twilio".into(),
            version: number,
            state,
            fields: vec![],
            fingerprint: "ab".into(),
            entered,
            life,
            seen,
        };
        VersionView { version, fingerprint_end: "ab".into() }
    }

    #[test]
    fn a_slot_was_what_its_rows_say_it_was() {
        let versions = vec![
            version(4, State::Pending, None, None),
            version(3, State::Current, Some(31), None),
            version(2, State::Previous, Some(21), Some(31)),
            version(1, State::Retired, Some(11), Some(21)),
        ];
        let slot = SlotView {
            slot: "twilio",
            lanes: vec!["twilio"],
            source: "vault",
            version: Some("v3".into()),
            note: None,
            versions,
            nodes: vec![],
        };
        let then = |minute| {
            let slot = slot.as_of(at(minute));
            let states: Vec<_> = slot.versions.iter().map(|v| (v.version.version, v.version.state)).collect();
            (slot.version, states)
        };
        assert_eq!(then(5), (None, vec![]));
        assert_eq!(then(25), (Some("v2".into()), vec![(2, State::Current), (1, State::Previous)]));
        let now = vec![(4, State::Pending), (3, State::Current), (2, State::Previous), (1, State::Retired)];
        assert_eq!(then(45), (Some("v3".into()), now));
        assert!(slot.as_of(at(45)).versions.iter().all(|v| v.version.seen.last_used_at.is_none()));
    }
}
