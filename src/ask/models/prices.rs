//! What a question costs: tokens in and out, each at its own price, from the table of prices.

use crate::providers::{MicroUsd, PriceBook};

/// Tokens of a call.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Tokens {
    /// Of the question and all that goes with it.
    pub input: u64,
    /// Of the answer.
    pub output: u64,
}

impl std::ops::AddAssign for Tokens {
    fn add_assign(&mut self, other: Tokens) {
        self.input = self.input.saturating_add(other.input);
        self.output = self.output.saturating_add(other.output);
    }
}

/// Price of these tokens at this model, rounded up: the row of the model, else the one of its provider.
pub(super) fn cost(book: &PriceBook, provider: &str, model: &str, tokens: Tokens) -> MicroUsd {
    let price = |direction: &str| match book.price(provider, &format!("{model} {direction}")) {
        0 => book.price(provider, direction),
        own => own,
    };
    let part = |tokens: u64, price: MicroUsd| i128::from(tokens) * i128::from(price);
    let micro = part(tokens.input, price("input")) + part(tokens.output, price("output"));
    MicroUsd::try_from((micro + 999_999) / 1_000_000).unwrap_or(MicroUsd::MAX)
}

/// The most that a call may cost: each byte of the request a token would be twice what is usual, which is on the safe side.
pub(super) fn most(request_bytes: usize, answer_tokens: u32) -> Tokens {
    Tokens { input: request_bytes as u64 / 2, output: u64::from(answer_tokens) }
}
