//! A call, and what a refused credential makes of it: with a newer version it is made once more and counts once; a version
//! that the provider takes after all was not the reason; one that it does not take is not sent again.

use std::time::Instant;

use reqwest::{Client, RequestBuilder};

use super::call::{CallError, Exchange};
use super::gateway::{Flight, Gateway, Line, send};
use super::verify;
use crate::outcome::ErrorKind;
use crate::telemetry::Level;
use crate::vault::record::node_here;
use crate::vault::{Credential, Settled};

/// A call that may have to be made twice.
pub(super) struct Attempt<B, J> {
    /// The request with the credential of its moment.
    pub build: B,
    /// What the answer means.
    pub judge: J,
}

impl Gateway {
    /// Makes the call of `flight` with `credential`, and once more if a newer one is current when it is refused. The facts
    /// of the flight are those of the last call.
    pub(super) async fn make<T, B, J>(
        &self,
        flight: &mut Flight<'_>,
        credential: Credential,
        attempt: Attempt<B, J>,
    ) -> Result<(T, Exchange), CallError>
    where
        B: Fn(&Client, &Line, &Credential) -> RequestBuilder,
        J: Fn(&Exchange) -> Result<T, CallError>,
    {
        let first = self.attempt(flight, &credential, &attempt).await;
        if !is_refused(&first) {
            return first;
        }
        match self.settled(&credential).await {
            Settled::Refused => first,
            Settled::Stands => first.map_err(denied),
            Settled::Newer => {
                let Some(newer) = self.credentials.take(flight.line.slot) else { return first };
                let second = self.attempt(flight, &newer, &attempt).await;
                if !is_refused(&second) || self.settled(&newer).await == Settled::Refused {
                    return second;
                }
                second.map_err(denied)
            }
        }
    }

    async fn attempt<T, B, J>(
        &self,
        flight: &mut Flight<'_>,
        credential: &Credential,
        attempt: &Attempt<B, J>,
    ) -> Result<(T, Exchange), CallError>
    where
        B: Fn(&Client, &Line, &Credential) -> RequestBuilder,
        J: Fn(&Exchange) -> Result<T, CallError>,
    {
        flight.meta.credential_version.clone_from(&credential.version);
        flight.meta.started_at = self.clock.now();
        credential.used(flight.meta.started_at);
        let begun = Instant::now();
        let request = (attempt.build)(self.client_of(flight.line), flight.line, credential);
        let exchange = send(request, flight.line.timeout).await;
        flight.meta.took_ms = i32::try_from(begun.elapsed().as_millis()).unwrap_or(i32::MAX);
        flight.meta.http_status = exchange.as_ref().ok().map(|e| i32::from(e.status));
        exchange.and_then(|exchange| (attempt.judge)(&exchange).map(|value| (value, exchange)))
    }

    async fn settled(&self, sent: &Credential) -> Settled {
        let check = |credential: Credential| -> futures_util::future::BoxFuture<'_, crate::vault::Verdict> {
            Box::pin(verify::verify(self, credential))
        };
        self.credentials.doubt(sent, &node_here(), &check).await
    }

    /// One request past breaker and limiter: for verifying.
    pub(super) async fn try_once(
        &self,
        line: &Line,
        build: impl Fn(&Client) -> RequestBuilder,
    ) -> Result<Exchange, CallError> {
        send(build(self.client_of(line)), line.timeout).await
    }

    /// Foreign words without our secrets.
    pub(super) fn plain(&self, text: &str) -> String {
        self.credentials.redactor().redact(text, Level::Secrets).into_owned()
    }
}

fn is_refused<T>(result: &Result<T, CallError>) -> bool {
    result.as_ref().err().is_some_and(|error| error.kind == ErrorKind::Auth)
}

/// The credential is good and the call was refused: the job waits and tries again, the lane goes on.
fn denied(error: CallError) -> CallError {
    CallError { kind: ErrorKind::Denied, ..error }
}
