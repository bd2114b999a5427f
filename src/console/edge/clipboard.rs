//! OSC 52: a text to the terminal's clipboard, also over SSH. Nothing answers, so nothing is known of its arrival.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The bytes that ask the terminal to keep `text`.
pub fn sequence(text: &str) -> Vec<u8> {
    format!("\x1b]52;c;{}\x07", STANDARD.encode(text)).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_can_not_break_out_of_its_sequence() {
        assert_eq!(sequence("hi\x07\x1b[2J"), b"\x1b]52;c;aGkHG1sySg==\x07");
    }
}
