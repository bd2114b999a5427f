//! The user's files: keys and themes in the XDG folder, read at the start and again when they change.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use tokio::sync::mpsc;

use super::keys::Keymap;
use super::message::Msg;

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(2);
/// Most themes of one's own that are offered.
const THEMES_MAX: usize = 100;

/// Where the user's files are.
#[derive(Debug, Clone, Default)]
pub struct UserFiles {
    /// The file of keys.
    pub keys: Option<PathBuf>,
    /// The folder of themes.
    pub themes: Option<PathBuf>,
}

impl UserFiles {
    /// `keys.toml` and `themes/` in a folder.
    pub fn within(folder: &Path) -> UserFiles {
        UserFiles { keys: Some(folder.join("keys.toml")), themes: Some(folder.join("themes")) }
    }

    /// The keys that hold at the start; the error is one sentence. No file, no change.
    pub fn keymap(&self) -> Result<Keymap, String> {
        let Some(path) = &self.keys else { return Ok(Keymap::default()) };
        match std::fs::read_to_string(path) {
            Ok(text) => Keymap::read(&text).map_err(|e| format!("{}: {e}", path.display())),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(Keymap::default()),
            Err(e) => Err(format!("{} can't be read: {e}", path.display())),
        }
    }

    /// The text of the user's theme of this name.
    pub fn theme(&self, name: &str) -> Option<String> {
        let plain = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_');
        let path = self.themes.as_ref().filter(|_| plain)?.join(format!("{name}.toml"));
        std::fs::read_to_string(path).ok()
    }

    /// Names of the user's themes.
    pub fn theme_names(&self) -> Vec<String> {
        let Some(Ok(entries)) = self.themes.as_ref().map(std::fs::read_dir) else { return Vec::new() };
        let name = |path: PathBuf| {
            let is_theme = path.extension().is_some_and(|e| e == "toml");
            path.file_stem().filter(|_| is_theme).map(|stem| stem.to_string_lossy().into_owned())
        };
        let mut names: Vec<String> = entries.flatten().filter_map(|e| name(e.path())).take(THEMES_MAX).collect();
        names.sort();
        names
    }

    /// When the keys were changed, and which themes there are and when each was changed.
    fn changed(&self) -> (Option<SystemTime>, Vec<(String, Option<SystemTime>)>) {
        let when = |path: &PathBuf| std::fs::metadata(path).and_then(|m| m.modified()).ok();
        let theme = |name: &String| self.themes.as_ref().and_then(|folder| when(&folder.join(format!("{name}.toml"))));
        let themes = self.theme_names().into_iter().map(|name| (name.clone(), theme(&name))).collect();
        (self.keys.as_ref().and_then(when), themes)
    }

    /// Says when keys or themes have changed, until nobody listens.
    pub async fn watch(self, home: mpsc::UnboundedSender<Msg>) {
        let mut before = self.changed();
        while !home.is_closed() {
            tokio::time::sleep(LOOK).await;
            let now = self.changed();
            if now.0 != before.0 {
                let _ = home.send(Msg::Keys(self.keymap().map(Arc::new)));
            }
            if now.1 != before.1 {
                let names: Vec<String> = now.1.iter().map(|(name, _)| name.clone()).collect();
                let _ = home.send(Msg::Themes(super::theme::names(&names)));
            }
            before = now;
        }
    }
}
