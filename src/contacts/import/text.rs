//! What a stream of bytes is, judged by its beginning: text in some encoding, a workbook, or nothing that has rows.

use std::io::{self, Chain, Cursor, Read};

use encoding_rs::{Decoder, Encoding, UTF_16BE, UTF_16LE};

/// How much of a file is looked at before the first row is read.
pub(super) const SAMPLE_BYTES: usize = 64 * 1024;
/// Share of control characters, in percent, above which bytes are no text; in random bytes it is eleven.
const CONTROLS_PERCENT_MAX: usize = 8;

/// What a file's beginning says that it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    /// Nothing, or nothing but blank lines.
    Empty,
    /// UTF-8 or an older encoding of single bytes, behind a byte-order mark of this length.
    Bytes(usize),
    /// UTF-16, behind a byte-order mark of this length.
    Utf16(&'static Encoding, usize),
    /// A ZIP archive, as XLSX workbooks are.
    Zip,
    /// Something else; the text says what.
    Binary(&'static str),
}

const MAGIC: &[(&[u8], &str)] = &[
    (b"\xd0\xcf\x11\xe0", "an old Excel workbook (.xls): save it as .xlsx or CSV"),
    (b"%PDF", "a PDF document"),
    (b"\x1f\x8b", "compressed with gzip: unpack it first"),
    (b"\x28\xb5\x2f\xfd", "compressed with zstd: unpack it first"),
    (b"BZh", "compressed with bzip2: unpack it first"),
    (b"\xfd7zXZ", "compressed with xz: unpack it first"),
    (b"7z\xbc\xaf", "a 7-Zip archive: unpack it first"),
    (b"\x7fELF", "a program"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"SQLite format 3", "a SQLite database"),
    (b"PAR1", "a Parquet file: convert it to CSV"),
];

/// Judges a file by its first bytes.
pub(super) fn judge(sample: &[u8]) -> Content {
    if sample.starts_with(b"PK\x03\x04") {
        return Content::Zip;
    }
    if let Some((_, what)) = MAGIC.iter().find(|(magic, _)| sample.starts_with(magic)) {
        return Content::Binary(what);
    }
    let (content, body) = match sample {
        [0xef, 0xbb, 0xbf, body @ ..] => (Content::Bytes(3), body),
        [0xff, 0xfe, body @ ..] => (Content::Utf16(UTF_16LE, 2), body),
        [0xfe, 0xff, body @ ..] => (Content::Utf16(UTF_16BE, 2), body),
        body => (without_mark(body), body),
    };
    let begins: Vec<u8> = body.iter().copied().filter(|b| !b.is_ascii_whitespace()).take(2).collect();
    if matches!(begins.as_slice(), b"{\"" | b"[{" | b"{}") {
        return Content::Binary("JSON: write it as CSV, which can be imported");
    }
    if body.iter().all(|b| matches!(b, b' ' | b'\r' | b'\n' | b'\t' | 0)) {
        return if body.contains(&0) && content == Content::Bytes(0) {
            Content::Binary("nothing but NUL bytes")
        } else {
            Content::Empty
        };
    }
    let controls = body.iter().filter(|b| matches!(b, 0..=8 | 14..=26 | 28..=31 | 127)).count();
    if matches!(content, Content::Bytes(_)) && controls * 100 > body.len() * CONTROLS_PERCENT_MAX {
        return Content::Binary("binary data, not text");
    }
    content
}

/// Text of the Latin script in UTF-16 has a NUL in every other byte.
fn without_mark(body: &[u8]) -> Content {
    let pairs = (body.len() / 2).max(1);
    let nuls = |odd: usize| body.iter().enumerate().filter(|(i, b)| i % 2 == odd && **b == 0).count();
    match (nuls(0), nuls(1)) {
        (even, odd) if body.len() >= 4 && odd * 10 > pairs * 7 && even * 10 < pairs => Content::Utf16(UTF_16LE, 0),
        (even, odd) if body.len() >= 4 && even * 10 > pairs * 7 && odd * 10 < pairs => Content::Utf16(UTF_16BE, 0),
        _ => Content::Bytes(0),
    }
}

/// Takes the first bytes of a stream.
pub(super) fn sample(input: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::with_capacity(SAMPLE_BYTES);
    input.take(SAMPLE_BYTES as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// The stream from its beginning again, in UTF-8 if it was UTF-16, without its byte-order mark.
pub(super) enum Stream<R> {
    Bytes(Chain<Cursor<Vec<u8>>, R>),
    Utf16(Box<Utf16<Chain<Cursor<Vec<u8>>, R>>>),
}

impl<R: Read> Stream<R> {
    pub(super) fn new(content: Content, mut sample: Vec<u8>, rest: R) -> Stream<R> {
        match content {
            Content::Utf16(encoding, mark) => {
                sample.drain(..mark);
                Stream::Utf16(Box::new(Utf16::new(encoding, Cursor::new(sample).chain(rest))))
            }
            Content::Bytes(mark) => {
                sample.drain(..mark);
                Stream::Bytes(Cursor::new(sample).chain(rest))
            }
            _ => Stream::Bytes(Cursor::new(sample).chain(rest)),
        }
    }
}

impl<R: Read> Read for Stream<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Bytes(input) => input.read(into),
            Stream::Utf16(input) => input.read(into),
        }
    }
}

/// UTF-16 in, UTF-8 out; what is no character becomes U+FFFD.
pub(super) struct Utf16<R> {
    input: R,
    decoder: Decoder,
    ready: Vec<u8>,
    at: usize,
    ended: bool,
}

impl<R: Read> Utf16<R> {
    fn new(encoding: &'static Encoding, input: R) -> Utf16<R> {
        Utf16 { input, decoder: encoding.new_decoder_without_bom_handling(), ready: Vec::new(), at: 0, ended: false }
    }

    fn refill(&mut self) -> io::Result<()> {
        let mut bytes = [0; 8 * 1024];
        let read = self.input.read(&mut bytes)?;
        self.ended = read == 0;
        let room = self.decoder.max_utf8_buffer_length(read).unwrap_or(3 * bytes.len() + 16);
        self.ready.resize(room, 0);
        let (_, _, written, _) = self.decoder.decode_to_utf8(&bytes[..read], &mut self.ready, self.ended);
        self.ready.truncate(written);
        self.at = 0;
        Ok(())
    }
}

impl<R: Read> Read for Utf16<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        while self.at >= self.ready.len() && !self.ended {
            self.refill()?;
        }
        let rest = &self.ready[self.at..];
        let count = rest.len().min(into.len());
        into[..count].copy_from_slice(&rest[..count]);
        self.at += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf16(text: &str, big: bool) -> Vec<u8> {
        text.encode_utf16().flat_map(|unit| if big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
    }

    fn text_of(bytes: &[u8]) -> String {
        let mut rest = bytes;
        let sample = sample(&mut rest).unwrap();
        let mut text = String::new();
        Stream::new(judge(&sample), sample, rest).read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn byte_order_marks_and_utf16_without_one_are_understood() {
        let text = "phone,name\n+14155550123,Zoë 漢\n".repeat(3_000);
        assert_eq!(text_of(&[b"\xef\xbb\xbf", text.as_bytes()].concat()), text);
        for big in [false, true] {
            let mark: &[u8] = if big { b"\xfe\xff" } else { b"\xff\xfe" };
            assert_eq!(text_of(&[mark, &utf16(&text, big)].concat()), text);
            assert_eq!(text_of(&utf16(&text, big)), text);
        }
    }

    #[test]
    fn what_has_no_rows_is_named() {
        assert_eq!(judge(b""), Content::Empty);
        assert_eq!(judge(b"\xef\xbb\xbf\r\n  \n"), Content::Empty);
        assert_eq!(judge(b"PK\x03\x04...."), Content::Zip);
        assert!(matches!(judge(b"%PDF-1.7"), Content::Binary(_)));
        assert!(matches!(judge(b"{\"id\":1,\"phone_e164\":\"+14155550123\"}\n"), Content::Binary(_)));
        assert!(matches!(judge(&(0..=255).collect::<Vec<u8>>()), Content::Binary(_)));
        assert!(matches!(judge(&[0; 100]), Content::Binary(_)));
        assert_eq!(judge(b"phone\n+1415\x005550123\n+14155550124\n"), Content::Bytes(0), "one NUL spoils one row only");
        assert_eq!(judge(b"phone,name\n1,caf\xe9\n"), Content::Bytes(0));
    }
}
