//! Which values beside a secret's name are secrets, and which are words, placeholders or code.

/// Words of eight letters and more that stand after "token:" in prose and code, and are no secret.
const WORDS: [&str; 40] = [
    "accepted",
    "anonymous",
    "authentication",
    "authorization",
    "authenticated",
    "automatic",
    "cancelled",
    "configured",
    "credential",
    "credentials",
    "disabled",
    "expected",
    "external",
    "forbidden",
    "generated",
    "identifier",
    "incorrect",
    "mandatory",
    "mismatch",
    "mismatched",
    "missing",
    "optional",
    "password",
    "provided",
    "received",
    "redacted",
    "rejected",
    "required",
    "response",
    "returned",
    "sensitive",
    "signature",
    "supplied",
    "unauthorized",
    "unchanged",
    "undefined",
    "unexpected",
    "unverified",
    "validation",
    "verification",
];

/// A value that may stay beside the name `name` (in small letters).
pub(super) fn is_innocent(name: &str, value: &str) -> bool {
    let value = value.trim_matches(|c: char| c.is_whitespace() || ".,:;!?".contains(c));
    let letters = value.chars().all(|c| c.is_ascii_alphabetic());
    let digits = value.chars().all(|c| c.is_ascii_digit());
    letters && value.len() < 8
        || WORDS.contains(&value.to_ascii_lowercase().as_str())
        || letters && is_type_name(value)
        || digits && value.len() <= 6 && name.ends_with("token")
        || value.chars().all(|c| "*•.xX-_#".contains(c))
        || is_placeholder(value)
        || is_path_of_names(value)
        || name.ends_with("pwd") && value.starts_with('/')
        || !name.starts_with("pass") && is_sentence(value)
}

/// Long and mixed enough that finding it again elsewhere is no accident.
pub(super) fn is_strong(value: &str) -> bool {
    let digits = value.chars().any(|c| c.is_ascii_digit());
    let letters = value.chars().any(|c| c.is_ascii_alphabetic());
    value.len() >= 16 || value.len() >= 8 && digits && letters
}

/// Letters and digits, or long: as people and generators make passwords; no word, no time, no UUID.
pub(super) fn is_mixed(value: &str) -> bool {
    let value = value.trim_end_matches(['.', ',', ';', ':']);
    let is_time = value.bytes().take(4).all(|b| b.is_ascii_digit()) && value.as_bytes().get(4) == Some(&b'-');
    value.len() >= 6 && is_strong(value) && !is_time && !is_uuid(value) && value.chars().any(|c| c.is_ascii_digit())
}

fn is_uuid(value: &str) -> bool {
    value.len() == 36 && value.chars().filter(|c| *c == '-').count() == 4
}

/// What in plain prose, after no sign but a space, can be nothing but a token.
pub(super) fn is_token_like(value: &str) -> bool {
    let count = |is: fn(char) -> bool| value.chars().filter(|c| is(*c)).count();
    let digits = count(|c| c.is_ascii_digit());
    let (upper, lower) = (count(|c| c.is_ascii_uppercase()), count(|c| c.is_ascii_lowercase()));
    value.len() >= 20
        && !is_uuid(value)
        && !is_path(value)
        && digits >= 1
        && upper + lower >= 1
        && (digits >= 4 || upper > 1 && lower > 1)
}

/// Names with slashes between, such as a file: base64 has few words between its slashes.
fn is_path(value: &str) -> bool {
    value.starts_with(['/', '.']) || value.matches('/').count() > 1 && value.split('/').all(|part| part.len() < 16)
}

fn is_placeholder(value: &str) -> bool {
    let mut chars = value.chars();
    match chars.next() {
        Some('$' | '%' | '{' | '<') => true,
        Some('?') => value.len() == 1,
        _ => value.starts_with("[REDACTED") || value.starts_with("REDACTED") || value.starts_with("[redacted]"),
    }
}

fn is_type_name(value: &str) -> bool {
    let humps = value.chars().filter(char::is_ascii_uppercase).count();
    let first = value.starts_with(|c: char| c.is_ascii_uppercase());
    first && (2..=4).contains(&humps) && value.len() <= 24 && value.len() >= humps * 4
}

fn is_path_of_names(value: &str) -> bool {
    let is_name = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphabetic() || c == '_');
    value.contains("::") && value.split("::").all(is_name)
}

fn is_sentence(value: &str) -> bool {
    let words: Vec<_> = value.split(' ').collect();
    let is_word = |word: &&str| word.chars().all(|c| c.is_ascii_alphabetic() || "'.,:;!?".contains(c));
    words.len() >= 3 && words.iter().all(is_word)
}
