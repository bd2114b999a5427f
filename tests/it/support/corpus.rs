//! Lines for the redactor, made from the templates in `fixtures/redact` by a seed: secrets are put together at run time, so
//! that no scanner of repositories takes one for real.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

const SECRETS: &str = include_str!("../fixtures/redact/secrets.txt");
const INNOCENT: &str = include_str!("../fixtures/redact/innocent.txt");

const HEX: &str = "0123456789abcdef";
const ALNUM: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
const URL: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const LOWER: &str = "abcdefghijklmnopqrstuvwxyz0123456789";
const WORDS: [&str; 10] =
    ["harbor", "maple", "otter", "quarry", "lantern", "meadow", "falcon", "cedar", "willow", "pebble"];
/// Kinds that their shape alone betrays.
const KNOWN: [&str; 18] = [
    "openai",
    "openaiold",
    "anthropic",
    "openrouter",
    "google",
    "clearbit",
    "hubspot",
    "github",
    "gitlab",
    "slack",
    "stripe",
    "aws",
    "jwt",
    "sendgrid",
    "npm",
    "sid",
    "twiliokey",
    "digitalocean",
];
/// Kinds that only their neighbour betrays.
const OPAQUE: [&str; 6] = ["hex32", "alnum32", "hunter", "hex64", "b64url43", "uuidkey"];

/// A line of the corpus.
pub struct Sample {
    /// As a log would have it.
    pub line: String,
    /// The secrets in it, in their order.
    pub secrets: Vec<String>,
    /// What stands before, between and behind them.
    pub beside: Vec<String>,
    /// Its template.
    pub template: &'static str,
}

/// Each template so many times.
pub fn secrets(seed: u64, times: usize) -> Vec<Sample> {
    made(SECRETS, seed, times)
}

/// Each template so many times.
pub fn innocent(seed: u64, times: usize) -> Vec<Sample> {
    made(INNOCENT, seed, times)
}

fn made(templates: &'static str, seed: u64, times: usize) -> Vec<Sample> {
    let mut dice = Dice(StdRng::seed_from_u64(seed));
    let templates = templates.lines().filter(|line| !line.is_empty() && !line.starts_with("# "));
    templates.flat_map(|template| (0..times).map(|_| dice.fill(template)).collect::<Vec<_>>()).collect()
}

struct Dice(StdRng);

impl Dice {
    fn fill(&mut self, template: &'static str) -> Sample {
        let mut sample = Sample { line: String::new(), secrets: Vec::new(), beside: vec![String::new()], template };
        let mut rest = template;
        while let Some(at) = rest.find(['⟦', '⟨', '⏎']) {
            let (plain, more) = rest.split_at(at);
            self.add(&mut sample, plain);
            let sign = more.chars().next().unwrap();
            let more = &more[sign.len_utf8()..];
            rest = match sign {
                '⏎' => {
                    self.add(&mut sample, "\n");
                    more
                }
                '⟦' => {
                    let (kind, after) = more.split_once('⟧').unwrap();
                    let secret = self.secret(kind);
                    sample.line.push_str(&secret);
                    sample.secrets.push(secret);
                    sample.beside.push(String::new());
                    after
                }
                _ => {
                    let (kind, after) = more.split_once('⟩').unwrap();
                    let text = self.harmless(kind);
                    self.add(&mut sample, &text);
                    after
                }
            };
        }
        self.add(&mut sample, rest);
        sample
    }

    fn add(&self, sample: &mut Sample, text: &str) {
        sample.line.push_str(text);
        sample.beside.last_mut().unwrap().push_str(text);
    }

    fn of(&mut self, alphabet: &str, length: usize) -> String {
        let all = alphabet.as_bytes();
        (0..length).map(|_| char::from(all[self.0.random_range(0..all.len())])).collect()
    }

    fn one(&mut self, of: &[&'static str]) -> &'static str {
        of[self.0.random_range(0..of.len())]
    }

    fn base64(&mut self, bytes: usize) -> String {
        let all: Vec<u8> = (0..bytes).map(|_| self.0.random()).collect();
        STANDARD.encode(all)
    }

    fn uuid(&mut self) -> String {
        [8, 4, 4, 4, 12].map(|digits| self.of(HEX, digits)).join("-")
    }

    fn jwt(&mut self) -> String {
        let (head, body) = (self.of(URL, 30), self.of(URL, 80));
        ["eyJ", &head, ".eyJ", &body, ".", &self.of(URL, 43)].concat()
    }

    /// A word, a year and a sign or two, as people make them.
    fn password(&mut self) -> String {
        let (word, other) = (self.one(&WORDS), self.one(&WORDS));
        let number = self.0.random_range(1000..9999);
        match self.0.random_range(0..4) {
            0 => format!("{}{number}{other}", word.to_uppercase()),
            1 => format!("{word}-{other}-{number}"),
            2 => format!("{word}{number}!"),
            _ => self.of(ALNUM, 16),
        }
    }

    fn pem(&mut self, line_end: &str) -> String {
        let kind = self.one(&["RSA ", "EC ", "", "OPENSSH "]);
        let body: Vec<String> = (0..6).map(|_| self.of(ALNUM, 64)).collect();
        // In two pieces, as all the rest.
        let label = format!("{kind}PRIVATE {}", "KEY");
        format!("-----BEGIN {label}-----{line_end}{}{line_end}-----END {label}-----", body.join(line_end))
    }

    fn secret(&mut self, kind: &str) -> String {
        match kind {
            "any" => {
                let kind = if self.0.random() { self.one(&KNOWN) } else { self.one(&OPAQUE) };
                self.secret(kind)
            }
            "known" => {
                let kind = self.one(&KNOWN);
                self.secret(kind)
            }
            "opaque" => {
                let kind = self.one(&OPAQUE);
                self.secret(kind)
            }
            "jwt" => self.jwt(),
            "password" => self.password(),
            "pem" => self.pem("\n"),
            "pemescaped" => self.pem("\\n"),
            "basic" => STANDARD.encode(format!("{}:{}", self.one(&WORDS), self.of(ALNUM, 20))),
            "azure" => self.base64(64),
            "b64key" => self.base64(32),
            "b64sig" => self.base64(20),
            "long64" => self.base64(120),
            "uuidkey" => self.uuid(),
            "hubspot" => format!("pat-{}-{}", self.one(&["na1", "eu1"]), self.uuid()),
            "slack" => {
                format!("xox{}-{}-{}", self.one(&["b", "p", "a"]), self.of("0123456789", 12), self.of(ALNUM, 24))
            }
            "slackhook" => format!("T{}/B{}/{}", self.of(LOWER, 8), self.of(LOWER, 8), self.of(ALNUM, 24)),
            "sendgrid" => format!("SG.{}.{}", self.of(URL, 22), self.of(URL, 43)),
            "discord" => format!("M{}.{}.{}", self.of(URL, 23), self.of(URL, 6), self.of(URL, 27)),
            "telegram" => format!("{}:AA{}", self.of("123456789", 10), self.of(URL, 33)),
            "openaiold" => format!("sk-{}T3BlbkFJ{}", self.of(ALNUM, 20), self.of(ALNUM, 20)),
            "openai" => {
                let kind = self.one(&["proj", "svcacct", "admin"]);
                format!("sk-{kind}-{}T3BlbkFJ{}", self.of(URL, 58), self.of(URL, 58))
            }
            "github" if self.0.random() => format!("github_pat_{}_{}", self.of(ALNUM, 22), self.of(ALNUM, 59)),
            other => self.prefixed(other),
        }
    }

    /// A beginning that tells whose it is, and then so many characters.
    fn prefixed(&mut self, kind: &str) -> String {
        let (begin, alphabet, length) = match kind {
            "anthropic" => ("sk-ant-api03-", URL, 95),
            "openrouter" => ("sk-or-v1-", HEX, 64),
            "google" => ("AIza", URL, 35),
            "googleoauth" => ("ya29.", URL, 120),
            "googlesecret" => ("GOCSPX-", URL, 28),
            "clearbit" => ("sk_", LOWER, 32),
            "github" => (self.one(&["ghp_", "gho_", "ghs_"]), ALNUM, 36),
            "gitlab" => ("glpat-", URL, 20),
            "stripe" => (self.one(&["sk_live_", "sk_test_", "rk_live_"]), ALNUM, 24),
            "stripewh" => ("whsec_", ALNUM, 32),
            "aws" => (self.one(&["AKIA", "ASIA"]), "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16),
            "awssecret" => ("", "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/+", 40),
            "npm" => ("npm_", ALNUM, 36),
            "pypi" => ("pypi-AgEIcHlwaS5vcmc", URL, 120),
            "sid" => ("AC", HEX, 32),
            "twiliokey" => ("SK", HEX, 32),
            "digitalocean" => ("dop_v1_", HEX, 64),
            "shopify" => ("shpat_", HEX, 32),
            "huggingface" => ("hf_", ALNUM, 34),
            "databricks" => ("dapi", HEX, 32),
            "linear" => ("lin_api_", ALNUM, 40),
            "grafana" => ("glsa_", ALNUM, 41),
            "hvs" => ("hvs.", URL, 90),
            "doppler" => ("dp.pt.", ALNUM, 43),
            "mailgun" => ("key-", HEX, 32),
            "agekey" => ("AGE-SECRET-KEY-1", "023456789ACDEFGHJKLMNPQRSTUVWXYZ", 58),
            "hex32" => ("", HEX, 32),
            "hex64" => ("", HEX, 64),
            "alnum32" => ("", ALNUM, 32),
            "hunter" => ("", "abcdefghijklmnopqrstuvwxyz0123456789_-", 40),
            "b64url43" => ("", URL, 43),
            other => panic!("no kind {other}"),
        };
        format!("{begin}{}", self.of(alphabet, length))
    }

    fn harmless(&mut self, kind: &str) -> String {
        let number = |dice: &mut StdRng, range: std::ops::Range<u32>| dice.random_range(range).to_string();
        match kind {
            "time" => format!(
                "2026-11-24T11:{:02}:{:02}.{:03}Z",
                self.0.random_range(0..60),
                self.0.random_range(0..60),
                self.0.random_range(0..1000)
            ),
            "host" => format!("{}.{}.example", self.one(&["api", "www", "db-1", "crm"]), self.one(&WORDS)),
            "path" => format!("/v{}/{}/{}", self.0.random_range(1..4), self.one(&WORDS), self.0.random_range(1..9999)),
            "status" => self.one(&["200", "201", "401", "403", "429", "500", "503"]).to_owned(),
            "octet" => number(&mut self.0, 1..255),
            "number" => number(&mut self.0, 1000..99_999),
            "three" => number(&mut self.0, 100..999),
            "four" => number(&mut self.0, 1000..9999),
            "ip" => format!("203.0.113.{}", self.0.random_range(1..255)),
            "word" => self.one(&WORDS).to_owned(),
            "uuid" => self.uuid(),
            "UUID" => self.uuid().to_uppercase(),
            "HEX40" => self.of(HEX, 40).to_uppercase(),
            "ansi" => "\u{1b}[36m".to_owned(),
            "ansi2" => "\u{1b}[1;33m".to_owned(),
            "reset" => "\u{1b}[0m".to_owned(),
            other => match (other.strip_prefix("hex"), other.strip_prefix("b64_")) {
                (Some(digits), _) => self.of(HEX, digits.parse().unwrap()),
                (_, Some(length)) => self.of(&format!("{ALNUM}+/"), length.parse().unwrap()),
                _ => panic!("no kind {other}"),
            },
        }
    }
}
