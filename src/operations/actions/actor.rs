//! Who acts: the database vouches for the login, everything here is claimed.

use serde_json::{Value, json};

/// Who acts, and through which door.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// Name shown on the timeline: the operating-system user, as claimed.
    pub name: String,
    /// Operating-system user, `SUDO_USER`, SSH address, host: as claimed.
    pub claimed: Value,
    /// `host:pid`.
    pub node: String,
    /// `console`, `command line`.
    pub door: &'static str,
}

impl Actor {
    /// Whoever runs this process.
    pub fn here(door: &'static str) -> Actor {
        let var = |name: &str| std::env::var(name).ok().filter(|v| !v.is_empty());
        let host = nix::unistd::gethostname().map_or_else(|_| "localhost".into(), |h| h.to_string_lossy().into_owned());
        let user = nix::unistd::User::from_uid(nix::unistd::getuid()).ok().flatten().map(|u| u.name);
        let user = user.or_else(|| var("USER")).unwrap_or_else(|| "unknown".into());
        let claimed = json!({"user": user, "sudo_user": var("SUDO_USER"), "ssh": var("SSH_CONNECTION"), "host": host});
        Actor { name: var("SUDO_USER").unwrap_or(user), claimed, node: format!("{host}:{}", std::process::id()), door }
    }
}
