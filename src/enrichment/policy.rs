//! What a failed call means for its job: again, back, dead or over. Pure: chance and time are arguments.

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use crate::outcome::{ErrorKind, Verdict};
use crate::queue::End;
use crate::queue::retry::Backoff;

/// Times a job may come back without a burnt attempt before that, too, counts.
pub const RETURNS_MAX: i16 = 20;

/// The facts of a failed attempt.
#[derive(Debug, Clone, Copy)]
pub struct Failed {
    /// Kind.
    pub kind: ErrorKind,
    /// This attempt's number.
    pub attempt: i16,
    /// Attempts allowed.
    pub max_attempts: i16,
    /// Times it came back unburnt so far.
    pub returns: i16,
    /// Times it failed as a probe so far; none if this call was no probe.
    pub probes: Option<i16>,
    /// The provider's own wait.
    pub retry_after: Option<Duration>,
}

/// Decides. `chance` in 0..1 spreads retries.
pub fn decide(failed: &Failed, backoff: &Backoff, now: DateTime<Utc>, chance: f64) -> End {
    if failed.kind.is_permanent() {
        return End::Done;
    }
    if failed.kind.parks_lane() {
        return End::Back;
    }
    // The probe of an open breaker says more about the provider than about the job: the first one is free.
    if failed.probes == Some(0) && failed.kind.verdict() == Verdict::Failure {
        return End::Behind;
    }
    let burnt = failed.kind.burns() || failed.returns >= RETURNS_MAX;
    if burnt && failed.attempt >= failed.max_attempts {
        return End::Dead;
    }
    let attempt = if burnt { failed.attempt } else { failed.returns + 1 };
    End::Again { at: after(failed, attempt, (backoff, chance), now), burnt }
}

/// When the job runs again if it turns out that its last attempt failed with everybody else's.
pub fn if_spared(failed: &Failed, backoff: &Backoff, now: DateTime<Utc>, chance: f64) -> DateTime<Utc> {
    after(failed, failed.attempt, (backoff, chance), now)
}

fn after(failed: &Failed, attempt: i16, (backoff, chance): (&Backoff, f64), now: DateTime<Utc>) -> DateTime<Utc> {
    let wait = backoff.after(u32::try_from(attempt).unwrap_or(1), chance, failed.retry_after);
    now + TimeDelta::from_std(wait).unwrap_or(TimeDelta::hours(1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BACKOFF: Backoff = Backoff {
        base: Duration::from_secs(15),
        cap: Duration::from_secs(900),
        retry_after_cap: Duration::from_secs(3600),
    };

    fn failed(kind: ErrorKind) -> Failed {
        Failed { kind, attempt: 1, max_attempts: 5, returns: 0, probes: None, retry_after: None }
    }

    fn end(failed: &Failed) -> End {
        decide(failed, &BACKOFF, DateTime::UNIX_EPOCH, 1.0)
    }

    #[test]
    fn an_outage_is_retried_until_the_attempts_are_used_up() {
        let first = failed(ErrorKind::Timeout);
        assert_eq!(end(&first), End::Again { at: DateTime::UNIX_EPOCH + TimeDelta::seconds(15), burnt: true });
        assert_eq!(end(&Failed { attempt: 5, ..first }), End::Dead);
    }

    #[test]
    fn throttling_waits_as_told_and_burns_nothing_for_twenty_times() {
        let throttled =
            Failed { retry_after: Some(Duration::from_secs(7)), attempt: 5, ..failed(ErrorKind::RateLimited) };
        assert_eq!(end(&throttled), End::Again { at: DateTime::UNIX_EPOCH + TimeDelta::seconds(7), burnt: false });
        assert_eq!(end(&Failed { returns: RETURNS_MAX, ..throttled }), End::Dead);
    }

    #[test]
    fn a_first_failed_probe_is_free_and_a_second_is_not() {
        assert_eq!(end(&Failed { probes: Some(0), attempt: 5, ..failed(ErrorKind::UpstreamError) }), End::Behind);
        assert_eq!(end(&Failed { probes: Some(1), attempt: 5, ..failed(ErrorKind::UpstreamError) }), End::Dead);
    }

    #[test]
    fn what_the_provider_calls_wrong_is_never_asked_again() {
        assert_eq!(end(&failed(ErrorKind::InvalidInput)), End::Done);
        assert_eq!(end(&failed(ErrorKind::NotSupported)), End::Done);
    }

    proptest! {
        #[test]
        fn no_job_is_retried_for_ever(kind in prop::sample::select(ErrorKind::ALL.to_vec())) {
            let mut f = Failed { probes: Some(0), ..failed(kind) };
            if !kind.parks_lane() {
                for _ in 0..100 {
                    match end(&f) {
                        End::Again { burnt, .. } => {
                            if burnt { f.attempt += 1 } else { f.returns += 1 }
                        }
                        End::Behind => f.probes = Some(1),
                        _ => return Ok(()),
                    }
                }
                prop_assert!(false, "{} never ends", kind.name());
            }
        }
    }
}
