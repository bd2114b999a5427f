//! The command that does the same as an action: what dialogs and receipts show, for a shell to run.

use chrono::{DateTime, TimeDelta, Utc};

/// ` --name 'value'`; nothing for nothing.
pub(super) fn option(name: &str, value: Option<&str>) -> String {
    value.filter(|value| !value.is_empty()).map_or_else(String::new, |value| format!(" --{name} {}", quoted(value)))
}

/// The end and the reason of a hold that begins `now`.
pub(super) fn hold(reason: &str, until: Option<DateTime<Utc>>, now: DateTime<Utc>) -> String {
    let lasts = until.map(|until| ((until - now) + TimeDelta::milliseconds(500)).num_seconds().max(1));
    let lasts =
        lasts.map(|seconds| if seconds % 60 == 0 { format!("{}m", seconds / 60) } else { format!("{seconds}s") });
    let lasts = lasts.map_or_else(String::new, |lasts| format!(" --for {lasts}"));
    lasts + &option("reason", Some(reason))
}

/// One word of a POSIX shell, whatever is in it.
pub(super) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_twin_says_everything_that_was_wished_for_and_quotes_it() {
        let now = DateTime::UNIX_EPOCH;
        assert_eq!(hold("it's down", Some(now + TimeDelta::minutes(30)), now), r" --for 30m --reason 'it'\''s down'");
        assert_eq!(hold("", Some(now + TimeDelta::seconds(89)), now), " --for 89s");
        assert_eq!(hold("x", None, now), " --reason 'x'");
        assert_eq!(option("reason", None), "");
    }
}
