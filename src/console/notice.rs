//! Telling somebody who looks elsewhere that something is critical: a desktop notice (OSC 9) and the bell, where the settings
//! want them.

use std::collections::BTreeSet;

use crate::operations::views::AlertView;
use crate::telemetry::inert;

/// Longest text of a notice, in characters.
const TEXT_MAX: usize = 120;

/// Which critical alerts are known already.
#[derive(Debug, Default)]
pub struct Notice {
    wanted: bool,
    known: Option<BTreeSet<i64>>,
}

impl Notice {
    /// `wanted`: else nothing is ever told.
    pub fn new(wanted: bool) -> Notice {
        Notice { wanted, known: None }
    }

    /// What goes to the terminal when the critical alerts are these; those of the first look are not news.
    pub fn heard(&mut self, alerts: &[AlertView]) -> Option<String> {
        let critical = || alerts.iter().filter(|alert| alert.severity == "critical" && !alert.incident);
        let known = self.known.replace(critical().map(|alert| alert.id).collect());
        let known = known.filter(|_| self.wanted)?;
        let news = critical().find(|alert| !known.contains(&alert.id))?;
        let told = format!("Switchboard: {}: {}", news.subject, news.summary);
        let text: String = inert(&told).chars().filter(|c| !c.is_control()).take(TEXT_MAX).collect();
        Some(format!("\x1b]9;{text}\x07\x07"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn alert(id: i64, severity: &str) -> AlertView {
        let (severity, subject) = (severity.into(), "hunter".into());
        AlertView { id, severity, subject, summary: "2,000 jobs\x1b]0; wait".into(), ..AlertView::default() }
    }

    #[test]
    fn what_becomes_critical_is_told_once_and_only_where_it_is_wanted() {
        let mut notice = Notice::new(true);
        assert_eq!(notice.heard(&[alert(1, "critical")]), None, "it was there before");
        let told = notice.heard(&[alert(1, "critical"), alert(2, "critical")]).unwrap();
        assert!(told.starts_with("\x1b]9;Switchboard: hunter: 2,000 jobs") && told.ends_with("\x07\x07"), "{told:?}");
        assert_eq!(told.matches('\x1b').count(), 1, "nothing of it ends the notice early: {told:?}");
        assert_eq!(notice.heard(&[alert(1, "critical"), alert(2, "critical"), alert(3, "warning")]), None);
        let mut off = Notice::new(false);
        off.heard(&[]);
        assert_eq!(off.heard(&[alert(1, "critical")]), None);
    }
}
