//! Which one command installs PostgreSQL's server here. Pure: the text of `/etc/os-release` in, a command out.

/// The install command for the system that `os_release` describes; `None` where we know none.
pub(super) fn command(os_release: &str, macos: bool) -> Option<&'static str> {
    if macos {
        return Some("brew install postgresql@17");
    }
    let field = |key: &str| {
        os_release.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix('=')).unwrap_or("").trim_matches('"')
    };
    let ids = std::iter::once(field("ID")).chain(field("ID_LIKE").split_whitespace());
    ids.into_iter().find_map(|id| match id {
        "debian" | "ubuntu" => Some("sudo apt-get install postgresql"),
        "fedora" | "rhel" | "centos" => Some("sudo dnf install postgresql-server"),
        "arch" => Some("sudo pacman -S postgresql"),
        "alpine" => Some("sudo apk add postgresql"),
        "suse" | "opensuse" => Some("sudo zypper install postgresql-server"),
        _ => None,
    })
}

/// The sentence for a system without PostgreSQL's server binaries.
pub(super) fn sentence() -> String {
    let os_release = std::fs::read_to_string("/etc/os-release").unwrap_or_default();
    match command(&os_release, cfg!(target_os = "macos")) {
        Some(command) => format!(
            "PostgreSQL's server (14 or newer) was not found: install it with `{command}`, or set DATABASE_URL to a running one"
        ),
        None => "PostgreSQL's server (14 or newer) was not found: install its server package, or set DATABASE_URL to a running one".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::command;

    #[test]
    fn each_system_is_told_its_own_command() {
        let cases = [
            ("PRETTY_NAME=\"Debian GNU/Linux 12\"\nID=debian\n", "sudo apt-get install postgresql"),
            ("ID=linuxmint\nID_LIKE=\"ubuntu debian\"\n", "sudo apt-get install postgresql"),
            ("NAME=Fedora\nID=fedora\n", "sudo dnf install postgresql-server"),
            ("ID=\"rocky\"\nID_LIKE=\"rhel centos fedora\"\n", "sudo dnf install postgresql-server"),
            ("ID=arch\n", "sudo pacman -S postgresql"),
            ("ID=alpine\n", "sudo apk add postgresql"),
        ];
        for (text, expected) in cases {
            assert_eq!(command(text, false), Some(expected));
        }
        assert_eq!(command("", true), Some("brew install postgresql@17"));
        assert_eq!(command("ID=plan9\n", false), None);
    }
}
