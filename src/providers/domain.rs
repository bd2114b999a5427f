//! Domains and e-mail addresses in one spelling, and mail services, whose domains belong to no employer.

/// The longest host name and the longest address (RFC 1035, RFC 5321).
const DOMAIN_MAX: usize = 253;
const EMAIL_MAX: usize = 254;

/// Services that give addresses to anybody. Sorted.
const FREE_MAIL: &[&str] = &[
    "aol.com",
    "comcast.net",
    "fastmail.com",
    "free.fr",
    "gmail.com",
    "gmx.com",
    "gmx.de",
    "gmx.net",
    "googlemail.com",
    "hey.com",
    "hotmail.co.uk",
    "hotmail.com",
    "hotmail.fr",
    "icloud.com",
    "laposte.net",
    "libero.it",
    "live.co.uk",
    "live.com",
    "mac.com",
    "mail.com",
    "mail.ru",
    "me.com",
    "msn.com",
    "naver.com",
    "orange.fr",
    "outlook.com",
    "outlook.fr",
    "pm.me",
    "proton.me",
    "protonmail.com",
    "qq.com",
    "rocketmail.com",
    "sbcglobal.net",
    "t-online.de",
    "tutanota.com",
    "verizon.net",
    "wanadoo.fr",
    "web.de",
    "yahoo.ca",
    "yahoo.co.in",
    "yahoo.co.uk",
    "yahoo.com",
    "yahoo.de",
    "yahoo.fr",
    "yandex.com",
    "yandex.ru",
    "ymail.com",
    "zoho.com",
    "163.com",
];

/// The host of a domain or address of a website: lower case, without scheme, `www.`, path and port; none if it is no
/// name on the internet.
pub fn normalise(text: &str) -> Option<String> {
    let text = text.trim().to_lowercase();
    let rest = text.split_once("://").map_or(text.as_str(), |(_, rest)| rest);
    let host = rest.split(['/', '?', '#', ':']).next()?.trim_end_matches('.');
    let host = host.strip_prefix("www.").filter(|bare| bare.contains('.')).unwrap_or(host);
    is_domain(host).then(|| host.to_owned())
}

fn is_domain(host: &str) -> bool {
    let label = |label: &str| {
        let inside = label.chars().all(|c| c.is_alphanumeric() || c == '-');
        inside && (1..=63).contains(&label.len()) && !label.starts_with('-') && !label.ends_with('-')
    };
    let last = host.rsplit('.').next().unwrap_or_default();
    host.len() <= DOMAIN_MAX
        && host.contains('.')
        && host.split('.').all(label)
        && !last.chars().all(|c| c.is_ascii_digit())
}

/// Whether anybody can have an address there.
pub fn is_free_mail(domain: &str) -> bool {
    FREE_MAIL.contains(&domain)
}

/// An address, trimmed and lower-cased; none if it has not the shape of one.
pub fn email(text: &str) -> Option<String> {
    let text = text.trim().to_lowercase();
    let (local, domain) = text.rsplit_once('@')?;
    let plain = !local.is_empty() && !local.contains(|c: char| c.is_whitespace() || c.is_control() || c == '@');
    (plain && text.len() <= EMAIL_MAX && is_domain(domain)).then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_domain_is_the_bare_host_in_lower_case() {
        for text in
            ["example.com", "HTTPS://WWW.Example.com/x?y#z", " example.com:443 ", "example.com.", "http://example.com"]
        {
            assert_eq!(normalise(text).as_deref(), Some("example.com"), "{text}");
        }
        for text in ["", "localhost", "a b.com", "10.0.0.1", "-a.com", "a..com", "www.", &"x.".repeat(200)] {
            assert_eq!(normalise(text), None, "{text}");
        }
        assert_eq!(normalise("www.com").as_deref(), Some("www.com"));
    }

    #[test]
    fn an_address_has_a_local_part_and_a_domain() {
        assert_eq!(email(" Jane.Doe@Example.COM ").as_deref(), Some("jane.doe@example.com"));
        for text in ["jane", "@example.com", "jane@", "ja ne@example.com", "a@b@example.com", "jane@localhost"] {
            assert_eq!(email(text), None, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_can_panic(text in "\\PC{0,80}") {
            let _ = (normalise(&text), email(&text));
        }
    }
}
