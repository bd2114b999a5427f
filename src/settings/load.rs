//! The shell around the pure core: reads the file and the environment of this process.

use std::ffi::OsString;
use std::path::PathBuf;

use super::{Settings, SettingsError};

pub(super) fn load(overrides: &[(String, String)]) -> Result<Settings, SettingsError> {
    let text = match config_file(|name| std::env::var_os(name)) {
        Some(path) => match std::fs::read_to_string(&path) {
            Ok(text) => Some(text),
            Err(cause) if cause.kind() == std::io::ErrorKind::NotFound => None,
            Err(cause) => return Err(SettingsError::Unreadable { path, cause }),
        },
        None => None,
    };
    let text_of = |os: OsString| os.to_string_lossy().into_owned();
    let environment = std::env::vars_os().map(|(name, value)| (text_of(name), text_of(value)));
    Settings::resolve(text.as_deref(), environment, overrides)
}

fn config_file(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    Some(folder(variable)?.join("config.toml"))
}

/// Where `config.toml`, `keys.toml` and `themes/` of the user are.
pub fn config_folder() -> Option<PathBuf> {
    folder(|name| std::env::var_os(name))
}

/// By the XDG base directory specification a relative value counts as unset.
fn folder(variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let absolute = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let base = absolute("XDG_CONFIG_HOME").or_else(|| absolute("HOME").map(|home| home.join(".config")))?;
    Some(base.join("switchboard"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_where_xdg_says() {
        let file = |given: &[(&str, &str)]| {
            config_file(|name| given.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value)))
        };
        let home = ("HOME", "/home/u");
        assert_eq!(file(&[("XDG_CONFIG_HOME", "/c"), home]), Some("/c/switchboard/config.toml".into()));
        assert_eq!(file(&[("XDG_CONFIG_HOME", "c"), home]), Some("/home/u/.config/switchboard/config.toml".into()));
        assert_eq!(file(&[]), None);
    }
}
